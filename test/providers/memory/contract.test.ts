import { memory } from "latchkey/memory"
import { testStore } from "latchkey/testing"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"

testStore(
  "memory",
  () => {
    const canary = newCanary()
    const store = canary.watch(memory({ "other/secret": canary.text }))
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
  framework,
)
