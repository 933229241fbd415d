import { testStore } from "latchkey/testing"
import { describe, it } from "vitest"
import { depot } from "./index.ts"
import { startDepot } from "./server.ts"

testStore(
  "depot",
  async () => {
    const server = await startDepot("a-token-of-the-tests")
    return {
      store: depot({ url: server.url, token: server.token }),
      put: async (name, value) => server.put(name, String(value)),
      remove: async name => server.remove(name),
      disable: async name => server.disable(name),
      deny: async name => server.deny(name),
      close: async () => await server.close(),
    }
  },
  { describe, it },
)
