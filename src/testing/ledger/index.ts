import { parseDuration } from "../../core/index.ts"
import type { TestStoreOptions } from "../contract/index.ts"
import { formerChecks, sinceChecks } from "./afterwards.ts"
import { benchOf, type Check, runCheck } from "./bench.ts"
import { callChecks } from "./calls.ts"
import { candidateChecks } from "./candidates.ts"
import { discretionChecks } from "./discretion.ts"
import type { MakeLedgerHarness } from "./harness.ts"
import { journalChecks } from "./journals.ts"
import { promotionChecks } from "./promotion.ts"

export type { LedgerHarness, LedgerPromises, MakeLedgerHarness } from "./harness.ts"

const ROOMS: Readonly<Record<string, readonly Check[]>> = {
  journals: journalChecks,
  candidates: candidateChecks,
  promotion: promotionChecks,
  "versions since": sinceChecks,
  "the value before": formerChecks,
  calls: callChecks,
  discretion: discretionChecks,
}

/**
 * The contract of `RotationLedger` as tests: what its doc comments promise, and what the harness declares, both ways.
 * Declares one test for each promise; each makes a harness of its own and takes it down. A check whose
 * name says "where" looks at nothing where that does not hold, and is green there. No message ever shows a value.
 *
 * A store whose ledger can be made to fail, lose answers or crash is tested for that with the Rotator: this suite looks
 * at what each call does when it arrives.
 *
 * ```ts
 * import { describe, it } from "vitest"
 * testLedger("memory", () => ({ store, promises: { promotion: "conditional" }, put, close }), { describe, it })
 * ```
 */
export function testLedger(kind: string, makeHarness: MakeLedgerHarness, options: TestStoreOptions): void {
  const { describe, it, patience = "4s" } = options
  const milliseconds = parseDuration(patience, "patience")
  describe(`${kind}, as the ledger of rotations`, () => {
    for (const [room, checks] of Object.entries(ROOMS)) {
      describe(room, () => {
        for (const check of checks) it(check.name, () => runOne(check, makeHarness, milliseconds))
      })
    }
  })
}

async function runOne(check: Check, makeHarness: MakeLedgerHarness, patience: number): Promise<void> {
  const harness = await makeHarness()
  const { bench, close } = benchOf(harness, patience)
  try {
    await runCheck(check, bench, patience)
  } finally {
    try {
      await close()
      await harness.store.close()
    } finally {
      await harness.close()
    }
  }
}
