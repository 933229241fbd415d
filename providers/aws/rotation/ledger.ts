import type { NativeLedger } from "../../../src/core/index.ts"
import type { Connection } from "../client.ts"
import type { CheckedOptions } from "../options.ts"
import { discard, kept, park } from "./candidate.ts"
import { fitSecret } from "./fitness.ts"
import { loadJournal, saveJournal } from "./journal.ts"
import { permissionsOf } from "./permissions.ts"
import { promote } from "./promote.ts"

/** What is needed of the options of a store. */
export type LedgerOptions = Pick<CheckedOptions, "location" | "region" | "fresh" | "rotationsPerDay">

/**
 * What Secrets Manager does for a rotation. The journal is a small secret of its own, `latchkey/rotation/<name>`, written
 * under tokens that only one writer gets; the candidate is a version of the secret itself, with a label of the rotation's
 * own; promotion is the move of AWSCURRENT from the version that is expected to have it.
 */
export function rotationLedger(connection: Connection, options: LedgerOptions): NativeLedger {
  const { location, region, fresh, rotationsPerDay: perDay } = options
  return {
    promotion: "conditional",
    journals: {
      location,
      load: async (name, call) => await loadJournal(connection, name, call),
      save: async (name, journal, call) =>
        await saveJournal(connection, name, journal, call, { fresh, perDay }),
    },
    async check(name, { signal }) {
      await fitSecret(connection.call, name, signal)
    },
    permissions: name => permissionsOf(name, region, fresh),
    park: async (name, call) => await park(connection, name, call),
    kept: async (name, call) => await kept(connection, name, call),
    discard: async (name, call) => await discard(connection, name, call),
    promote: async (name, call) => await promote(connection, fresh, name, call),
  }
}
