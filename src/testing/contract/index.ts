import { type Duration, parseDuration } from "../../core/index.ts"
import { batchChecks } from "./batch.ts"
import { type Check, runCheck } from "./check.ts"
import { closingChecks } from "./closing.ts"
import { concurrencyChecks } from "./concurrency.ts"
import { discretionChecks } from "./discretion.ts"
import type { MakeHarness } from "./harness.ts"
import { listingChecks } from "./listing.ts"
import { nameChecks } from "./names.ts"
import { readingChecks } from "./reading.ts"
import { signalChecks } from "./signals.ts"
import { valueChecks } from "./values.ts"
import { versionChecks } from "./versions.ts"
import { watchingChecks } from "./watching.ts"
import { writingChecks } from "./writing.ts"

export type { Harness, MakeHarness } from "./harness.ts"

/** What the suite needs of a test framework; those of vitest, jest, mocha and node:test will do. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

/** How the suite is run. */
export interface TestStoreOptions extends TestFramework {
  /** How long a check waits for a hint or the end of a call. Default: `"4s"`, less than most frameworks wait. */
  readonly patience?: Duration
}

const ROOMS: Readonly<Record<string, readonly Check[]>> = {
  reading: readingChecks,
  values: valueChecks,
  versions: versionChecks,
  names: nameChecks,
  "reading many": batchChecks,
  signals: signalChecks,
  writing: writingChecks,
  listing: listingChecks,
  watching: watchingChecks,
  "several at once": concurrencyChecks,
  discretion: discretionChecks,
  closing: closingChecks,
}

/**
 * The contract of {@link SecretStore} as tests: what its doc comments promise, and what `capabilities` declares, both
 * ways. Declares one test for each promise; each makes a harness of its own and takes it down. A check
 * whose name says "where" looks at nothing where that does not hold, and is green there; that nothing is declared for
 * a method that a store lacks has checks of its own. No message ever shows a value.
 *
 * ```ts
 * import { describe, it } from "vitest"
 * testStore("memory", () => ({ store, put, close }), { describe, it })
 * ```
 */
export function testStore(kind: string, makeHarness: MakeHarness, options: TestStoreOptions): void {
  const { describe, it, patience = "4s" } = options
  describe(`${kind}, as a store`, () => {
    for (const [room, checks] of Object.entries(ROOMS)) {
      describe(room, () => {
        for (const check of checks) it(check.name, () => runOne(check, makeHarness, patience))
      })
    }
  })
}

async function runOne(check: Check, makeHarness: MakeHarness, patience: Duration): Promise<void> {
  const harness = await makeHarness()
  try {
    await runCheck(check, harness, parseDuration(patience, "patience"))
  } finally {
    try {
      await harness.store.close()
    } finally {
      await harness.close()
    }
  }
}
