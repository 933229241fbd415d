import { gcp } from "latchkey/gcp"
import { testStore } from "latchkey/testing"
import { casesOf } from "../../servers/cases.ts"
import { startGcp } from "../../servers/gcp/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { at } from "./support.ts"

const native = (name: string): string => name.replaceAll("/", "--")

casesOf({ backend: "gcp", server: "gcp stand-in", kind: "contract" }, () => {
  testStore(
    "gcp",
    async () => {
      const canary = newCanary()
      const server = await startGcp()
      server.put("other--secret", canary.text)
      return {
        store: canary.watch(gcp(at(server))),
        put: async (name, value) => void server.put(native(name), value),
        remove: async name => server.remove(native(name)),
        disable: async name => server.disable(native(name)),
        deny: async name => server.deny(native(name)),
        holds: value => value.length > 0,
        largest: 65_536,
        native,
        close: async () => await server.close(),
      }
    },
    framework,
  )
})
