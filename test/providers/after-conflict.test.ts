import { dotenv } from "latchkey/dotenv"
import { gcp } from "latchkey/gcp"
import { layered } from "latchkey/layered"
import { memory } from "latchkey/memory"
import { expect, onTestFinished, test } from "vitest"
import { afterConflict, type SecretStore } from "../../src/core/index.ts"
import { calm, errorOf } from "./calls.ts"
import { oldFile } from "./files.ts"
import { at, standIn } from "./gcp/support.ts"

/** Stores that hold the secret `a`, and have a condition of their own to refuse. */
const STORES: Readonly<Record<string, () => Promise<Required<Pick<SecretStore, "write">> & SecretStore>>> = {
  memory: async () => memory({ a: "1" }),
  dotenv: async () => dotenv(await oldFile("A=1\n")),
  layered: async () => layered([memory({ a: "1" }), memory()]),
  gcp: async () => {
    const server = await standIn()
    server.put("a", "1")
    return gcp(at(server))
  },
}

test.for(Object.keys(STORES))("a CONFLICT of %s says what to do next, as that of any store", async kind => {
  const store = await (STORES[kind] ?? expect.unreachable())()
  onTestFinished(async () => await store.close())
  const { preconditions } = store.capabilities
  const conditions = preconditions.version ? (["absent", "another"] as const) : (["absent"] as const)
  for (const condition of conditions) {
    const error = await errorOf(store.write("a", "2", { ...calm, expect: condition }))
    expect([error.code, error.hint]).toEqual([
      "CONFLICT",
      expect.stringMatching(new RegExp(`^${afterConflict(preconditions)}`)),
    ])
  }
})
