import { readFileSync } from "node:fs"
import { isSecretError, SecretError } from "latchkey"
import { memory } from "latchkey/memory"
import { describe, expect, it, test } from "vitest"
import { type SqlClient, sqlJournal, sqlJournalTable } from "../../../src/rotation/journals/index.ts"
import { newCanary } from "../../support/canary.ts"
import { calm, journalOf } from "./beside.ts"

/** A client that answers each statement in the same way. */
function answering(answer: object | (() => Promise<never>)): SqlClient {
  return {
    query: async () => (typeof answer === "function" ? await answer() : { rows: [answer], rowCount: 1 }),
  }
}

const failing = (thrown: unknown) =>
  answering(async () => {
    throw thrown
  })

async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  const thrown = await call.catch((error: unknown) => error)
  if (isSecretError(thrown)) return thrown
  throw new Error("the call did not fail with an error of ours")
}

describe("journals in a table", () => {
  it("are not read from a replica, nor where nobody says that it is none", async () => {
    for (const row of [{ is_replica: true, at: 1, journal: null }, { at: 1, journal: null }, {}]) {
      const error = await errorOf(sqlJournal(answering(row), { of: memory() }).load("token", calm))
      expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("primary")])
    }
  })

  it("come without a time where the database tells none", async () => {
    const client = answering({ is_replica: false, at: "never", journal: null })
    expect(await sqlJournal(client, { of: memory() }).load("token", calm)).toEqual({})
  })

  test.for([
    ["08006", "UNAVAILABLE", "unknown"],
    ["40001", "CONFLICT", undefined],
    ["40P01", "CONFLICT", undefined],
    ["40003", "UNAVAILABLE", "unknown"],
    ["25006", "MISCONFIGURED", undefined],
    ["28P01", "UNAUTHENTICATED", undefined],
    ["3D000", "MISCONFIGURED", undefined],
    ["3F000", "MISCONFIGURED", undefined],
    ["42501", "DENIED", undefined],
    ["42P01", "MISCONFIGURED", undefined],
    ["42703", "MISCONFIGURED", undefined],
    ["53300", "UNAVAILABLE", undefined],
    ["57014", "TIMEOUT", undefined],
    ["57P01", "UNAVAILABLE", "unknown"],
    ["XX000", "UNAVAILABLE", undefined],
    ["ECONNREFUSED", "UNAVAILABLE", undefined],
    ["ECONNRESET", "UNAVAILABLE", "unknown"],
    [undefined, "UNAVAILABLE", "unknown"],
  ] as const)("say %s as %s, with the outcome %s of a write", async ([code, expected, outcome]) => {
    const canary = newCanary()
    const thrown = Object.assign(new Error(canary.text), { code, detail: canary.text, query: canary.text })
    const keeper = sqlJournal(failing(thrown), { of: memory() })
    const written = await errorOf(keeper.save("token", journalOf(1), { ...calm, expectSeq: 0 }))
    const read = await errorOf(keeper.load("token", calm))
    canary.watch([written, read])
    expect([written.code, written.outcome, written.secret]).toEqual([expected, outcome, "token"])
    expect([read.code, read.outcome]).toEqual([expected, undefined])
  })

  it("leave nothing of what a client throws that is no error at all", async () => {
    const canary = newCanary()
    const odd = new Proxy({}, { get: () => canary.text.repeat(2) })
    for (const thrown of [canary.text, odd, { code: { toString: () => canary.text } }, null]) {
      const error = await errorOf(sqlJournal(failing(thrown), { of: memory() }).load("token", calm))
      expect(canary.watch(error).code).toBe("UNAVAILABLE")
    }
  })

  it("end with their caller's signal, and leave open what became of a write", async () => {
    const hanging = answering(() => new Promise<never>(() => undefined))
    const keeper = sqlJournal(hanging, { of: memory() })
    for (const [call, outcome] of [
      [(signal: AbortSignal) => keeper.load("token", { signal }), undefined],
      [(signal: AbortSignal) => keeper.save("token", journalOf(1), { signal, expectSeq: 0 }), "unknown"],
      [(signal: AbortSignal) => keeper.create({ signal }), undefined],
    ] as const) {
      const controller = new AbortController()
      const ended = errorOf(call(controller.signal))
      await new Promise(setImmediate)
      controller.abort()
      const { code, outcome: told } = await ended
      expect([code, told]).toEqual(["ABORTED", outcome])
      expect(await errorOf(call(controller.signal))).not.toHaveProperty("outcome")
    }
  })

  test.for([
    ["no client", {}, { of: memory() }],
    ["no store", answering({}), {}],
    ["a table that is none", answering({}), { of: memory(), table: 'journals"; DROP TABLE users; --' }],
    ["a table with capitals", answering({}), { of: memory(), table: "Journals" }],
    ["a table with too many dots", answering({}), { of: memory(), table: "a.b.c" }],
  ] as const)("are refused with %s", ([, client, options]) => {
    expect(() => sqlJournal(client as SqlClient, options as never)).toThrow(SecretError)
    expect(() => sqlJournal(client as SqlClient, options as never)).not.toThrow(/DROP/)
  })

  it("are made by a statement in which the name of the table is quoted", () => {
    expect(sqlJournalTable()).toContain('"latchkey_rotation_journal"')
    expect(sqlJournalTable("ops.journals")).toContain('"ops"."journals"')
    expect(() => sqlJournalTable("no good")).toThrow(SecretError)
    const page = readFileSync(new URL("../../../docs/azure.md", import.meta.url), "utf8")
    expect(page).toContain(sqlJournalTable())
  })
})
