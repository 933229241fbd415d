import { LEDGER_NAMES, type Permission } from "../../../src/core/index.ts"
import type { ResourceNames } from "../names.ts"

/** What a rotation of a secret needs to be allowed. Those on a project can be bound with a condition on the name. */
export function rotationPermissions(
  id: string,
  alias: string | undefined,
  resources: ResourceNames,
): readonly Permission[] {
  const secret = resources.secret(id)
  const { parent } = resources
  const own = `${parent}/secrets/${LEDGER_NAMES}*`
  const on = (action: string, place: string, why: string): Permission => ({
    action: `secretmanager.${action}`,
    on: place,
    why,
  })
  const always = [
    on("secrets.get", secret, "to read the journal, an annotation of the secret"),
    on("secrets.update", secret, "to write the journal, and to be sure that what was read is the newest"),
    on("versions.access", secret, "to read the secret, and values before"),
    on("versions.add", secret, "to give the secret its new value"),
    on("versions.get", secret, "to tell a version that was destroyed from one that is disabled"),
  ]
  if (alias !== undefined) {
    return [
      ...always,
      on("versions.destroy", secret, "to remove a candidate that is of no use"),
      on("secrets.create", parent, "only for a secret that does not exist yet"),
    ]
  }
  return [
    ...always,
    on("secrets.create", parent, "to keep a candidate in a secret of its own"),
    on("versions.add", own, "to keep a candidate"),
    on("versions.access", own, "to read a candidate"),
    on("versions.get", own, "to tell a candidate that was destroyed from one that is disabled"),
    on("secrets.delete", own, "to remove a candidate"),
  ]
}
