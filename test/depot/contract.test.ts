import { testStore } from "latchkey/testing"
import { describe, it } from "vitest"
import { newCanary } from "../support/canary.ts"
import { depot } from "./index.ts"
import { startDepot } from "./server.ts"

testStore(
  "depot",
  async () => {
    const canary = newCanary()
    const server = await startDepot(canary.text)
    server.put("other/secret", canary.text)
    return {
      store: canary.watch(depot({ url: server.url, token: server.token })),
      put: async (name, value) => server.put(name, String(value)),
      remove: async name => server.remove(name),
      disable: async name => server.disable(name),
      deny: async name => server.deny(name),
      close: async () => await server.close(),
    }
  },
  { describe, it, patience: "15s" },
)
