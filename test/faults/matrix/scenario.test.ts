import { describe, expect, it } from "vitest"
import { SecretError, type SecretStore } from "../../../src/core/index.ts"
import { depot } from "../../depot/index.ts"
import { type DepotServer, startDepot } from "../../depot/server.ts"
import { newCanary } from "../../support/canary.ts"
import { startHttpProxy } from "../http-proxy.ts"
import { isLive, type LiveCell } from "./cell.ts"
import { answering, type HttpBench, overHttp, struckBy } from "./over-http.ts"
import { ROWS, type RowId } from "./rows.ts"
import { liveThrough } from "./scenario.ts"
import { expectNoCredential } from "./subject.ts"

interface DepotBench extends HttpBench {
  readonly depot: DepotServer
}

async function bench(spoil: (store: SecretStore) => SecretStore = store => store): Promise<DepotBench> {
  const token = newCanary().text
  const server = await startDepot(token)
  const proxy = await startHttpProxy({ upstream: server.url })
  return {
    depot: server,
    store: spoil(depot({ url: proxy.url, token })),
    proxy,
    link: undefined,
    name: "tally/api-token",
    credentials: [token],
    answer: JSON.stringify({ value: token, version: "9" }),
    isWrite: ({ method }) => method === "PUT",
    put: async value => server.put("tally/api-token", value),
    async close() {
      await proxy.close()
      await server.close()
    },
  }
}

const injected = { is: "injected" } as const

const cells = {
  ...overHttp<DepotBench>({ is: "real server", server: "Depot" }),
  silence: {
    code: "TIMEOUT",
    held: "stale",
    evidence: injected,
    begin: ({ proxy }) => struckBy({ proxy }, { is: "silence" }),
  },
  expiredAndBack: {
    code: "none",
    held: "current",
    evidence: injected,
    begin: () => ({ end: () => undefined }),
  },
  expired: answering("UNAUTHENTICATED", "stale", injected, { status: 401 }),
  denied: answering("DENIED", "ends", injected, { status: 403 }),
  deleted: {
    code: "NOT_FOUND",
    held: "ends",
    evidence: injected,
    begin({ depot: server, name }) {
      server.remove(name)
      return { end: () => undefined }
    },
  },
} as const satisfies Partial<Record<RowId, LiveCell<DepotBench>>>

type CellId = Exclude<keyof typeof cells, "refused" | "slow" | "otherAuthority" | "redirect">

/** What this store, which follows redirects, speaks no TLS and has no toxiproxy, can show. */
const ids: readonly CellId[] = [
  "silence",
  "reset",
  "truncated",
  "throttledUntil",
  "throttled",
  "failing",
  "unavailable",
  "page",
  "malformed",
  "expiredAndBack",
  "expired",
  "denied",
  "deleted",
  "lostAnswer",
]

describe("a program in front of a service that has a bad day", () => {
  it.each(ids)("lives through it: %s", async id => {
    await liveThrough(ROWS[id], cells[id], await bench())
  })
})

describe("the scenario of a bad day", () => {
  const wrong: readonly (readonly [string, CellId, Partial<LiveCell<DepotBench>>])[] = [
    ["another code than expected", "failing", { code: "THROTTLED" }],
    ["another time to wait", "throttledUntil", { retryAfterMs: 8_000 }],
    ["a time to wait that is not expected", "throttledUntil", { retryAfterMs: undefined as never }],
    ["a read that fails", "failing", { code: "none" }],
    ["a read that does not fail", "expiredAndBack", { code: "UNAVAILABLE" }],
    ["a handle that does not end", "failing", { held: "ends" }],
    ["a handle that is not kept", "deleted", { held: "keeps" }],
    ["a handle that ends", "deleted", { held: "stale" }],
    ["another code of a write", "lostAnswer", { code: "TIMEOUT" }],
    [
      "a bad day that does not end",
      "denied",
      { begin: b => ({ ...struckBy(b, { is: "answer", status: 403 }), end() {} }) },
    ],
    [
      "a bad day that strikes nobody",
      "expiredAndBack",
      { begin: () => ({ end: () => {}, struck: () => 0 }) },
    ],
  ]
  it.each(wrong)("notices %s", async (_, id, change) => {
    const cell = { ...cells[id], ...change }
    expect(isLive(cell)).toBe(true)
    await expect(liveThrough(ROWS[id], cell, await bench())).rejects.toThrow()
  })

  it("notices a store that tries by itself", async () => {
    const twice = (store: SecretStore): SecretStore => ({
      ...store,
      read: async (name, options) => await store.read(name, options).catch(() => store.read(name, options)),
    })
    await expect(liveThrough(ROWS.failing, cells.failing, await bench(twice))).rejects.toThrow("2 to be 1")
  })

  it("notices a credential that is neither a value nor a canary", () => {
    const error = new SecretError("UNAVAILABLE", { hint: "say tok-7 to them" })
    expect(() => expectNoCredential(["tok-8"], error)).not.toThrow()
    expect(() => expectNoCredential(["tok-8", "tok-7"], error)).toThrow()
  })

  it("notices a client that goes to the other host", async () => {
    await expect(liveThrough(ROWS.redirect, cells.redirect, await bench())).rejects.toThrow()
  })
})
