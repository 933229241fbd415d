import { readdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { describe, expect, it } from "vitest"
import { rotateUnderLoad } from "../../examples/tally-mcp-server/demo/load.ts"
import { Pace } from "../../examples/tally-mcp-server/demo/pace.ts"
import { newToken } from "../../examples/tally-mcp-server/demo/place.ts"
import { tracesOf } from "../../examples/tally-mcp-server/demo/traces.ts"

async function places(): Promise<number> {
  return (await readdir(tmpdir())).filter(name => name.startsWith("latchkey-tally-")).length
}

describe("rotating under load", () => {
  it.each([
    "server",
    "reveal",
  ] as const)("fails no call of two replicas, and no token is ever refused (%s)", async program => {
    const report = await rotateUnderLoad({
      program,
      replicas: 2,
      rotations: 2,
      callsPerSecond: 60,
      calmMs: 100,
      overlapMs: 200,
    })
    expect([...report.calls.failures]).toEqual([])
    expect(report).toMatchObject({ calls: { failed: 0 }, refusals: 0, traces: 0 })
    expect(report.calls.made).toBeGreaterThan(20)
    expect(report.firstUseMs).toHaveLength(2)
    for (const milliseconds of report.firstUseMs) expect(milliseconds).toBeGreaterThan(0)
    expect(report.stopped.map(({ code }) => code)).toEqual([0, 0])
  })

  it("leaves nothing behind when it is stopped in between", async () => {
    const before = await places()
    const stopping = new AbortController()
    const running = rotateUnderLoad({
      rotations: 50,
      callsPerSecond: 50,
      signal: stopping.signal,
      progress: () => stopping.abort(new Error("enough")),
    })
    await expect(running).rejects.toThrow()
    expect(await places()).toBe(before)
  })
})

describe("the pace", () => {
  it("counts calls and failures, and waits for those under way when it is stopped", async () => {
    let made = 0
    const pace = new Pace(1_000, async () => {
      made += 1
      if (made % 2 === 0) throw new Error("every second one")
    })
    await expect.poll(() => made).toBeGreaterThanOrEqual(10)
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
