import { randomBytes } from "node:crypto"

/** What a caller may set on a version. Times are whole seconds since 1970. */
export interface Settings {
  readonly contentType?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly enabled?: boolean
  readonly nbf?: number
  readonly exp?: number
}

/** One version of a secret. */
export interface VersionState {
  readonly id: string
  readonly value: string
  settings: Settings
  readonly created: number
  updated: number
}

/** A change that is not finished: until it has been asked for so often, or until a time (milliseconds). */
export interface Settling {
  readonly is: "deleted" | "recovered"
  polls: number
  readonly until: number
}

/** A secret with all that belongs to its name. */
export interface SecretState {
  /** As it was spelled first. */
  readonly name: string
  /** Oldest first; the last one is the current one. */
  readonly versions: VersionState[]
  /** Belongs to a certificate. */
  readonly managed: boolean
  deleted: { readonly at: number; readonly purgedAt: number } | undefined
  settling: Settling | undefined
}

/** How many days a deleted secret can be recovered. */
export const RECOVERABLE_DAYS = 7

/** Makes a version that is created at a time, in whole seconds. */
export function version(value: string, settings: Settings, now: number): VersionState {
  return { id: randomBytes(16).toString("hex"), value, settings, created: now, updated: now }
}

/** The version that a read without a version gives. */
export function current(secret: SecretState): VersionState {
  const newest = secret.versions.at(-1)
  if (newest === undefined) throw new Error("a secret has at least one version")
  return newest
}

/** What is written of a version, without its value: `SecretItem` of the REST reference, where `id` names it. */
export function item(secret: SecretState, held: VersionState, id: string): Record<string, unknown> {
  const { contentType, tags, enabled = true, nbf, exp } = held.settings
  return {
    ...(contentType === undefined ? {} : { contentType }),
    id,
    ...(secret.managed ? { managed: true } : {}),
    attributes: {
      enabled,
      ...(nbf === undefined ? {} : { nbf }),
      ...(exp === undefined ? {} : { exp }),
      created: held.created,
      updated: held.updated,
      recoveryLevel: "CustomizedRecoverable+Purgeable",
      recoverableDays: RECOVERABLE_DAYS,
    },
    ...(tags === undefined ? {} : { tags }),
  }
}

/** The same of a deleted secret: `DeletedSecretItem`. */
export function deletedItem(secret: SecretState, id: string, vault: string): Record<string, unknown> {
  return {
    recoveryId: `${vault}/deletedsecrets/${secret.name}`,
    deletedDate: secret.deleted?.at,
    scheduledPurgeDate: secret.deleted?.purgedAt,
    ...item(secret, current(secret), id),
  }
}
