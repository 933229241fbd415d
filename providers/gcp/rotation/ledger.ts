import type { NativeLedger } from "../../../src/core/index.ts"
import { ledgerByAlias } from "./by-alias.ts"
import { ledgerByLatest } from "./by-latest.ts"
import { Calls, type LedgerContext } from "./calls.ts"
import { refuseUnrotatable } from "./check.ts"
import { annotatedJournals } from "./journal.ts"
import { rotationPermissions } from "./permissions.ts"
import { SecretChanges } from "./secret-changes.ts"

/**
 * What Secret Manager does for rotation, by what consumers read: an alias, which one update moves together with the
 * journal, or the newest version, where a write over somebody else's is only seen afterwards.
 *
 * All programs that rotate a secret must read it in the same way, and so must all that use it: a candidate is live at
 * once for whoever reads the newest version while others rotate by an alias.
 */
export function gcpLedger(context: LedgerContext): NativeLedger {
  const { location, resources, alias } = context
  const calls = new Calls(context)
  const changes = new SecretChanges(calls)
  return {
    promotion: alias === undefined ? "detected" : "conditional",
    journals: annotatedJournals(location, changes),
    check: async (id, { signal }) => await refuseUnrotatable(id, alias, calls, signal),
    permissions: id => rotationPermissions(id, alias, resources),
    ...(alias === undefined ? ledgerByLatest(calls, changes) : ledgerByAlias(alias, calls, changes)),
  }
}
