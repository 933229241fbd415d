/** What each operation needs, and each call of a write or a rotation for itself. */
export const ROLES: Readonly<Record<string, string>> = {
  read: "roles/secretmanager.secretAccessor on the secret",
  ping: "roles/secretmanager.secretAccessor",
  write:
    "roles/secretmanager.secretVersionAdder on the secret, and secretmanager.secrets.create where it is new",
  list: "roles/secretmanager.viewer on the project",
  versions: "secretmanager.versions.list (roles/secretmanager.viewer) on the secret",
  delete: "secretmanager.secrets.delete (roles/secretmanager.admin) on the secret",
  get: "secretmanager.secrets.get (roles/secretmanager.viewer) on the secret, because of the alias",
  create: "secretmanager.secrets.create on the project",
  alias: "secretmanager.secrets.update on the secret",
  look: "secretmanager.secrets.get on the secret",
  note: "secretmanager.secrets.update on the secret",
  copy: "secretmanager.versions.add on the secrets under latchkey--rotation--",
  access: "secretmanager.versions.access on the secret",
  "rotation.load": "secretmanager.secrets.get and secretmanager.secrets.update on the secret",
  "rotation.save":
    "secretmanager.secrets.get and secretmanager.secrets.update on the secret, and secretmanager.secrets.create where it is new",
  "rotation.check": "secretmanager.secrets.get and secretmanager.versions.access on the secret",
  "rotation.current":
    "secretmanager.versions.access on the secret, and for an alias secretmanager.secrets.get and secretmanager.secrets.update",
  "rotation.park": "secretmanager.versions.add, and what the page on permissions names for a rotation",
  "rotation.kept": "secretmanager.versions.access on the secret, and on those under latchkey--rotation--",
  "rotation.discard":
    "secretmanager.versions.destroy on the secret, or secretmanager.secrets.delete on those under latchkey--rotation--",
  "rotation.promote": "secretmanager.versions.add and secretmanager.secrets.update on the secret",
  "rotation.since": "secretmanager.versions.access and secretmanager.secrets.get on the secret",
}
