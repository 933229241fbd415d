// #region suite
import { memory } from "latchkey/memory"
import { testLedger } from "latchkey/testing"
import { describe, it } from "vitest"

const { signal } = new AbortController()

testLedger(
  "mine",
  () => {
    const store = memory() // here stands yours
    return {
      store,
      promises: { promotion: "conditional" }, // or "detected": then there is `since`
      put: async (name, value) => {
        await store.write(name, value, { signal }) // better by the service's own means, as a person would
      },
      close: async () => {},
    }
  },
  { describe, it, patience: "15s" },
)
// #endregion
