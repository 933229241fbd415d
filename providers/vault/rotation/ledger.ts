import type { NativeLedger } from "../../../src/core/index.ts"
import type { AskServer } from "../connection.ts"
import { candidatesIn } from "./candidates.ts"
import { checkRotation } from "./check.ts"
import { engineAt } from "./engine.ts"
import { journalsIn } from "./journals.ts"
import { permissionsFor } from "./permissions.ts"
import { promoteIn } from "./promotion.ts"

/**
 * Rotation in version 2 of the key-value engine. Everything is a secret below `latchkey/rotation/<name>/` on the same mount:
 * `journal`, a candidate `<rotationId>`, and copies of former values `<rotationId>/version-<n>` where those would not stay.
 * Each is written with check-and-set, and so is the secret itself.
 *
 * @param location what is safe to print about where that is
 */
export function kv2Ledger(ask: AskServer, mount: string, location: string): NativeLedger {
  const engine = engineAt(ask, mount)
  let id: string | undefined
  return {
    promotion: "conditional",
    journals: journalsIn(engine, location),
    // Replicas reach one server by different addresses, and must mean the same place all the same.
    async placeOf(name, { signal }) {
      id ??= await engine.mountId(signal)
      return `vault mount ${id} ${name}`
    },
    check: (name, { signal }) => checkRotation(engine, mount, name, signal),
    permissions: name => permissionsFor(mount, name),
    ...candidatesIn(engine),
    promote: (name, options) => promoteIn(engine, name, options),
  }
}
