import { gcp } from "latchkey/gcp"
import { type LedgerHarness, testLedger } from "latchkey/testing"
import { casesOf } from "../../../servers/cases.ts"
import { type GcpServer, startGcp } from "../../../servers/gcp/index.ts"
import { newCanary } from "../../../support/canary.ts"
import { framework } from "../../../support/framework.ts"
import { at } from "../support.ts"

const native = (name: string): string => name.replaceAll("/", "--")

/** A stand-in, with what a person does there where consumers read the newest version, or an alias. */
async function harness(alias?: string): Promise<LedgerHarness> {
  const canary = newCanary()
  const server: GcpServer = await startGcp()
  server.put("other--secret", canary.text)
  const options = { ...at(server), ...(alias !== undefined && { version: alias }) }
  return {
    store: canary.watch(gcp(options)),
    promises: alias === undefined ? { promotion: "detected" } : { promotion: "conditional", journaled: true },
    replica: () => gcp(options),
    withPrefix: prefix => gcp({ ...options, prefix }),
    async put(name, value) {
      const version = server.put(native(name), value)
      if (alias !== undefined) server.aliases(native(name), { [alias]: version })
    },
    remove: async name => server.remove(native(name)),
    writeJournal: async (name, text) => server.annotate(native(name), "latchkey-rotation", text),
    holds: value => value.length > 0,
    largest: 65_536,
    close: async () => await server.close(),
  }
}

casesOf({ backend: "gcp", server: "gcp stand-in", kind: "contract" }, () => {
  testLedger("gcp, readers of the newest version", async () => await harness(), framework)
  testLedger("gcp, readers of an alias", async () => await harness("current"), framework)
})
