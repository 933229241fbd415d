import { mkdtemp, readdir, rmdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { type LoadOptions, OVERLAP_MS, rotateUnderLoad } from "../../examples/tally-mcp-server/demo/load.ts"
import { Pace } from "../../examples/tally-mcp-server/demo/pace.ts"
import { newToken } from "../../examples/tally-mcp-server/demo/place.ts"
import { polling, revealing } from "../../examples/tally-mcp-server/demo/programs.ts"
import { medianOf, takeOverOf } from "../../examples/tally-mcp-server/demo/take-over.ts"
import { tracesOf } from "../../examples/tally-mcp-server/demo/traces.ts"
import { TokenBook } from "../../examples/tally-mcp-server/stand-in/tokens.ts"
import { eventually } from "../support/eventually.ts"

// Each starts several programs, one after the other.
describe("rotating under load", { timeout: 60_000 }, () => {
  const LOAD = { replicas: 2, rotations: 2, callsPerSecond: 60, calmMs: 200 } satisfies LoadOptions

  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it.each([
    ["the server", "server"],
    ["plain reveal()", revealing],
  ] as const)(
    "fails no call of two replicas that take over within the overlap: %s",
    async (_, program) => {
      // Ten times the default: this machine may have all tests to run at the same time.
      const report = await rotateUnderLoad({ ...LOAD, program, overlapMs: 5_000 })
      expect([...report.calls.failures]).toEqual([])
      expect(report).toMatchObject({ calls: { failed: 0 }, refusals: 0, retries: 0, traces: 0 })
      expect(report.calls.made).toBeGreaterThan(60)
      expect(report.takeOvers.map(({ replica }) => replica)).toEqual(["replica-1", "replica-2"])
      for (const { ms, missed } of report.takeOvers) {
        expect(missed).toBe(0)
        expect(ms).toHaveLength(2)
      }
      expect(report.stopped.map(({ code }) => code)).toEqual([0, 0])
    },
    60_000,
  )

  it("fails calls of a program that looks at its file too seldom: nobody waits for it", async () => {
    const report = await rotateUnderLoad({ ...LOAD, program: polling(60_000) })
    expect(report.calls.failed).toBeGreaterThan(20)
    expect([...report.calls.failures.keys()]).toEqual(["HTTP 401"])
    expect(report).toMatchObject({ refusals: report.calls.failed, retries: 0 })
    expect(report.takeOvers.map(({ missed }) => missed)).toEqual([2, 2])
    expect(report.revokedAfterMs).toHaveLength(2)
    for (const milliseconds of report.revokedAfterMs)
      expect(milliseconds).toBeGreaterThanOrEqual(OVERLAP_MS - 2)
  })

  it("fails no call of the server without any overlap, because it asks again; plain reveal() does fail", async () => {
    const load = { ...LOAD, callsPerSecond: 200, overlapMs: 0, calmMs: 1_000 } satisfies LoadOptions
    const server = await rotateUnderLoad(load)
    expect([...server.calls.failures]).toEqual([])
    expect(server.refusals).toBeGreaterThan(0)
    expect(server.retries).toBe(server.refusals)

    const reveal = await rotateUnderLoad({ ...load, program: revealing })
    expect(reveal.calls.failed).toBeGreaterThan(0)
    expect(reveal).toMatchObject({ refusals: reveal.calls.failed, retries: 0 })
  })

  it("leaves nothing behind when it is stopped in between", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "latchkey-load-test-"))
    vi.stubEnv("TMPDIR", temporary)
    const stopping = new AbortController()
    const running = rotateUnderLoad({
      rotations: 50,
      callsPerSecond: 50,
      signal: stopping.signal,
      progress: () => stopping.abort(new Error("enough")),
    })
    await eventually(async () => expect(await readdir(temporary)).toHaveLength(1))
    await expect(running).rejects.toThrow()
    expect(await readdir(temporary)).toEqual([])
    await rmdir(temporary)
  })
})

describe("the time of a take-over", () => {
  it("runs from the write to the first use of that token or a later one, by that replica", () => {
    const tokens = new TokenBook()
    const [skipped, used, unused] = [newToken(), newToken(), newToken()]
    for (const token of [skipped, used, unused]) tokens.add(token)
    tokens.check(used, "left")
    const at = tokens.firstUse(used, "left") ?? Number.NaN
    const written = [
      { token: skipped, at: at - 30 },
      { token: used, at: at - 10 },
      { token: unused, at: at + 5 },
    ]
    const left = takeOverOf("left", written, tokens, at + 100)
    expect(left.ms.map(Math.round)).toEqual([30, 10, 95])
    expect(left.missed).toBe(1)
    expect(takeOverOf("right", written, tokens, at + 100).missed).toBe(3)
  })

  it("has a median", () => {
    expect([medianOf([30, 10, 20]), medianOf([2, 1])]).toEqual([20, 2])
  })
})

describe("the pace", () => {
  it("counts calls and failures, and waits for those under way when it is stopped", async () => {
    let made = 0
    const pace = new Pace(1_000, async () => {
      made += 1
      if (made % 2 === 0) throw new Error("every second one")
    })
    await eventually(() => expect(made).toBeGreaterThanOrEqual(10))
    const count = await pace.stop()
    expect(count.made).toBe(made)
    expect(count.failed).toBe(Math.floor(made / 2))
    expect([...count.failures]).toEqual([["every second one", count.failed]])
  })
})

describe("the search for traces of a token", () => {
  const token = newToken()
  const bytes = Buffer.from(token)

  it.each([
    ["in clear", `x${token}y`],
    ["in base64", Buffer.from(`Bearer ${token}\n`).toString("base64")],
    ["in base64, one byte later", Buffer.from(`Bearer: ${token}\n`).toString("base64")],
    ["in base64, two bytes later", Buffer.from(`Bearer:: ${token}\n`).toString("base64")],
    ["in base64url", Buffer.from(`{"token":"${token}"}`).toString("base64url")],
    ["in hex", `0x${bytes.toString("hex")}`],
    ["in capital hex", bytes.toString("hex").toUpperCase()],
    ["percent-encoded", bytes.toString("hex").replace(/../g, "%$&")],
  ])("finds one %s", (_, text) => {
    expect(tracesOf(token, `before ${text} after`)).toBeGreaterThanOrEqual(1)
  })

  it("counts each place, and finds nothing where nothing is", () => {
    expect(tracesOf(token, `${token} and ${token}`)).toBe(2)
    expect(tracesOf(token, `${newToken()} ${token.slice(1)}`)).toBe(0)
  })
})
