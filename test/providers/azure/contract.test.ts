import { azure } from "latchkey/azure"
import { testStore } from "latchkey/testing"
import { startAzure } from "../../servers/azure/index.ts"
import { casesOf } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { reaching } from "./scene.ts"

const native = (name: string): string => name.replaceAll("/", "--")

for (const authorization of ["rbac", "access-policy"] as const)
  casesOf({ backend: "azure", server: "azure stand-in", kind: "contract" }, () =>
    testStore(
      `azure, ${authorization}`,
      async () => {
        const canary = newCanary()
        const server = await startAzure({ authorization })
        server.put("other--secret", canary.text)
        return {
          store: canary.watch(azure(reaching(server))),
          put: async (name, value) => void server.put(native(name), String(value)),
          remove: async name => server.remove(native(name)),
          disable: async name => server.disable(native(name)),
          deny: async name => server.deny(native(name)),
          native,
          largest: 25_600,
          close: async () => await server.close(),
        }
      },
      framework,
    ),
  )
