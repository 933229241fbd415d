import { memory } from "latchkey/memory"
import { type LedgerHarness, testLedger } from "latchkey/testing"
import { describe, it } from "vitest"

function harness(): LedgerHarness {
  const store = memory()
  const { signal } = new AbortController()
  return {
    store,
    promises: { promotion: "conditional" },
    put: async (name, value) => void (await store.write(name, value, { signal })),
    remove: async name => await store.delete(name, { signal }),
    async close() {},
  }
}

testLedger("memory", harness, { describe, it })
