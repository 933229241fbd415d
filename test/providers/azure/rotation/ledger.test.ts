import { azure } from "latchkey/azure"
import { testLedger } from "latchkey/testing"
import { startAzure } from "../../../servers/azure/index.ts"
import { casesOf } from "../../../servers/cases.ts"
import { newCanary } from "../../../support/canary.ts"
import { framework } from "../../../support/framework.ts"
import { reaching } from "../scene.ts"

const native = (name: string): string => name.replaceAll("/", "--")

casesOf({ backend: "azure", server: "azure stand-in", kind: "contract" }, () =>
  testLedger(
    "azure",
    async () => {
      const canary = newCanary()
      const server = await startAzure()
      server.put("other--secret", canary.text)
      return {
        store: canary.watch(azure(reaching(server))),
        promises: { promotion: "detected", journals: false, parkElects: false },
        replica: () => azure(reaching(server)),
        withPrefix: prefix => azure({ ...reaching(server), prefix }),
        put: async (name, value) => void server.put(native(name), String(value)),
        remove: async name => server.remove(native(name)),
        largest: 25_600,
        close: async () => await server.close(),
      }
    },
    framework,
  ),
)
