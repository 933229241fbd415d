/** The permission that each call needs, from the page "Access control with IAM" of Secret Manager. */
export const METHODS = {
  ListSecrets: "secretmanager.secrets.list",
  CreateSecret: "secretmanager.secrets.create",
  GetSecret: "secretmanager.secrets.get",
  UpdateSecret: "secretmanager.secrets.update",
  DeleteSecret: "secretmanager.secrets.delete",
  AddSecretVersion: "secretmanager.versions.add",
  GetSecretVersion: "secretmanager.versions.get",
  ListSecretVersions: "secretmanager.versions.list",
  AccessSecretVersion: "secretmanager.versions.access",
  EnableSecretVersion: "secretmanager.versions.enable",
  DisableSecretVersion: "secretmanager.versions.disable",
  DestroySecretVersion: "secretmanager.versions.destroy",
} as const

/** A call of the service. */
export type Method = keyof typeof METHODS

/** A permission that a call of the service needs. */
export type Permission = (typeof METHODS)[Method]

/** What the predefined roles of the service hold, as far as it concerns the calls above; from the same page. */
export const ROLES = {
  "roles/secretmanager.admin": Object.values(METHODS),
  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
  "roles/secretmanager.secretVersionAdder": ["secretmanager.versions.add"],
  "roles/secretmanager.secretVersionManager": [
    "secretmanager.versions.add",
    "secretmanager.versions.destroy",
    "secretmanager.versions.disable",
    "secretmanager.versions.enable",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
  ],
  "roles/secretmanager.viewer": [
    "secretmanager.secrets.get",
    "secretmanager.secrets.list",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
  ],
} as const satisfies Readonly<Record<string, readonly Permission[]>>
