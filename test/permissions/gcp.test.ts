import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gcp } from "latchkey/gcp"
import { testStore } from "latchkey/testing"
import { describe, expect } from "vitest"
import { casesOf } from "../servers/cases.ts"
import { type Permission, startGcp } from "../servers/gcp/index.ts"
import { newCanary } from "../support/canary.ts"
import { framework } from "../support/framework.ts"
import { type Attempt, passesUnderExactly, rotate } from "./exactly.ts"
import { permitted } from "./files.ts"
import { NEEDS, type Need } from "./needs.ts"

const native = (name: string): string => name.replaceAll("/", "--")

/** A stand-in that lets one identity in, and a store that is it. */
async function permittedTo(permissions: readonly string[], version?: string) {
  const token = newCanary().text
  const grants = [{ permissions: permissions as readonly Permission[] }]
  const server = await startGcp({ tls: true, identities: [{ token, grants }] })
  const folder = await mkdtemp(join(tmpdir(), "latchkey-permissions-"))
  const ca = join(folder, "ca.pem")
  await writeFile(ca, server.ca ?? "")
  const store = gcp({
    project: server.project,
    endpoint: `localhost:${server.port}`,
    ca,
    version,
    authClient: { getRequestHeaders: async () => new Headers({ authorization: `Bearer ${token}` }) },
  })
  return {
    server,
    store,
    async close() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

describe("a role for Google's Secret Manager", () => {
  for (const need of NEEDS.gcp.needs) {
    passesUnderExactly(
      need,
      async permissions => {
        const made = await permittedTo(permissions, need.file.endsWith("-alias") ? "current" : undefined)
        made.server.put("tally--api-token", "a value that was destroyed")
        made.server.destroy("tally--api-token")
        const version = made.server.put("tally--api-token", "a value")
        made.server.aliases("tally--api-token", { current: version })
        return made
      },
      need.operation === "rotation" ? rotation(need) : undefined,
    )
  }
})

/** A rotation of a secret and of a new one, a look for a value that is gone, and what the ledger says that it needs. */
function rotation({ file }: Need): Attempt {
  return async store => {
    const signal = new AbortController().signal
    const ledger = store.rotation?.()
    await rotate(store, "tally/api-token", "a-rotation")
    await rotate(store, "tally/new", "another")
    const gone = { signal, rotationId: "a-rotation", reference: "1" }
    expect(await ledger?.kept("tally/api-token", gone)).toBeUndefined()
    const told = ledger?.permissions("tally/api-token").map(({ action }) => action)
    expect([...new Set(told)].toSorted()).toEqual([...permitted(file)].toSorted())
  }
}

casesOf({ backend: "gcp", server: "gcp stand-in", kind: "contract" }, () => {
  testStore(
    "gcp, with the permissions of the documentation",
    async () => {
      const files = NEEDS.gcp.needs.filter(({ file }) => !file.endsWith("-alias"))
      const { server, store, close } = await permittedTo(files.flatMap(({ file }) => permitted(file)))
      return {
        store,
        put: async (name, value) => void server.put(native(name), value),
        remove: async name => server.remove(native(name)),
        disable: async name => server.disable(native(name)),
        deny: async name => server.deny(native(name)),
        holds: value => value.length > 0,
        largest: 65_536,
        native,
        close,
      }
    },
    framework,
  )
})
