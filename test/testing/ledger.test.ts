import { faulty, type LedgerHarness, testLedger } from "../../src/testing/index.ts"
import { framework } from "../support/framework.ts"
import { type ReferenceLedgerOptions, referenceLedger } from "./reference-ledger.ts"

// What correct ledgers must pass: with all promises, and with each of those that may be missing.

const LEDGERS: Readonly<Record<string, ReferenceLedgerOptions>> = {
  "a ledger that promises everything": {},
  "a ledger whose versions are others than those of reads": { ownVersions: true },
  "a ledger that knows a secret by its value": { promises: { noticesSameValue: false } },
  "a ledger that writes the journal with the secret": { promises: { journaled: true } },
  "a ledger that leaves the election to the journal": { promises: { parkElects: false, creates: false } },
  "a ledger of a service without conditions": { promises: { promotion: "detected", journals: false } },
  "a ledger of a service that keeps nothing": { promises: { keepsPrevious: false } },
}

for (const [kind, options] of Object.entries(LEDGERS))
  testLedger(kind, () => referenceLedger(options), framework)

/** The least that a harness has to have. */
function bare(): LedgerHarness {
  const { store, promises, put, close } = referenceLedger()
  return { store, promises, put, close }
}

testLedger("a ledger with a harness that can only put", bare, framework)

testLedger(
  "a ledger that faults could befall",
  () => {
    const harness = referenceLedger()
    return { ...harness, store: faulty(harness.store) }
  },
  framework,
)
