import { env } from "latchkey/env"
import { layered } from "latchkey/layered"
import { memory } from "latchkey/memory"
import { testStore } from "latchkey/testing"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"

const { signal } = new AbortController()

testStore(
  "layered, with the secrets in the lower layer",
  () => {
    const canary = newCanary()
    const lower = memory({ "lower/secret": canary.text })
    return {
      store: canary.watch(layered([env({ env: { UPPER__SECRET: canary.text } }), lower])),
      async put(name, value) {
        await lower.write(name, value, { signal })
      },
      remove: async name => await lower.delete(name, { signal }),
      disable: async name => lower.disable(name),
      async close() {},
    }
  },
  framework,
)

testStore(
  "layered, with the secrets in the upper layer",
  () => {
    const canary = newCanary()
    const upper = memory()
    return {
      store: canary.watch(layered([upper, memory({ "lower/secret": canary.text })])),
      async put(name, value) {
        await upper.write(name, value, { signal })
      },
      remove: async name => await upper.delete(name, { signal }),
      disable: async name => upper.disable(name),
      async close() {},
    }
  },
  framework,
)
