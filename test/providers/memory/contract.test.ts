import { memory } from "latchkey/memory"
import { testStore } from "latchkey/testing"
import { describe, it } from "vitest"

testStore(
  "memory",
  () => {
    const store = memory({ "other/secret": "1" })
    const { signal } = new AbortController()
    return {
      store,
      async put(name, value) {
        await store.write(name, value, { signal })
      },
      remove: async name => await store.delete(name, { signal }),
      disable: async name => store.disable(name),
      async close() {},
    }
  },
  { describe, it },
)
