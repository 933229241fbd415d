import { azure } from "latchkey/azure"
import { testStore } from "latchkey/testing"
import { describe, expect, it } from "vitest"
import { type AzureServer, type Permission, startAzure } from "../servers/azure/index.ts"
import { casesOf } from "../servers/cases.ts"
import { framework } from "../support/framework.ts"
import { passesUnderExactly } from "./exactly.ts"
import { accessPolicyOf, permitted } from "./files.ts"
import { NEEDS } from "./needs.ts"

const native = (name: string): string => name.replaceAll("/", "--")

function granted(server: AzureServer, actions: readonly string[]) {
  server.grant("program", ...actions.map((action): Permission => accessPolicyOf(action)))
  return azure({
    vaultUrl: server.url,
    ca: server.ca,
    credential: server.credential("program"),
    disableChallengeResourceVerification: true,
  })
}

describe("a role for Azure Key Vault", () => {
  for (const need of NEEDS.azure.needs) {
    passesUnderExactly(need, async actions => {
      const server = await startAzure()
      server.put("tally--api-token", "a value")
      return { store: granted(server, actions), close: async () => await server.close() }
    })
  }

  it("for a rotation is what the ledger says that it needs, and the purge beside it", async () => {
    const server = await startAzure()
    const store = granted(server, [])
    const told = new Set(
      store
        .rotation()
        .permissions("tally/api-token")
        .map(({ action }) => action),
    )
    expect(told.delete("Microsoft.KeyVault/vaults/secrets/purge/action")).toBe(true)
    expect([...told].toSorted()).toEqual([...permitted("azure-rotation")].toSorted())
    await store.close()
    await server.close()
  })
})

casesOf({ backend: "azure", server: "azure stand-in", kind: "contract" }, () => {
  testStore(
    "azure, with the permissions of the documentation",
    async () => {
      const server = await startAzure()
      const actions = NEEDS.azure.needs.flatMap(({ file }) => permitted(file))
      return {
        store: granted(server, actions),
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
  )
})
