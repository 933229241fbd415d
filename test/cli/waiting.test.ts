import { describe, expect, it } from "vitest"
import { deskWithKey } from "./terminal.ts"

const KEY = "auth/session-key"
const LONG = 'generatedKey({ consumers: { ...consumers, tokenLifetime: "1h" } })'
const SECONDS = 'generatedKey({ consumers: { ...consumers, tokenLifetime: "2s" } })'

describe("latchkey rotate --wait", () => {
  it("waits for the end of the grace, and ends when the old credential is retired", async () => {
    const desk = await deskWithKey("old-value-old-value")
    const { code, out, err } = await desk.run(["rotate", KEY, "--wait"])
    expect([code, out]).toEqual([0, `${KEY}: rotated\n`])
    expect(err).toMatch(/waits \(promoted\)[\s\S]*retiring[\s\S]*idle/)
  })

  it("is stopped by the signal and by --timeout while it waits: 6", async () => {
    const desk = await deskWithKey("old-value-old-value", undefined, LONG)
    const late = await desk.run(["rotate", KEY, "--wait", "--timeout", "1s", "--json"])
    expect([late.code, late.json.error]).toEqual([6, expect.objectContaining({ code: "TIMEOUT" })])
    const ending = new AbortController()
    const stopped = await desk.run(["rotate", KEY, "--wait"], {
      signal: ending.signal,
      onOutput: text => text.includes("waits (promoted)") && ending.abort(),
    })
    expect(stopped.code).toBe(6)
    expect((await desk.run(["rotate", "--status"])).out).toContain("promoted")
  })

  it("begins no other one when another process has brought it to its end meanwhile", async () => {
    const desk = await deskWithKey("old-value-old-value", undefined, SECONDS)
    let other: Promise<unknown> | undefined
    const { code, out } = await desk.run(["rotate", KEY, "--wait"], {
      onOutput: text => {
        if (text.includes("waits (promoted)")) other ??= desk.run(["rotate", KEY, "--compromised", "-q"])
      },
    })
    await other
    // The other one ended the first rotation and made one of its own, which is none of ours.
    expect([code, out]).toEqual([0, `${KEY}: nothing to do\n`])
  })

  it("leaves blocked what became blocked meanwhile: nobody has looked", async () => {
    const desk = await deskWithKey("old-value-old-value", undefined, SECONDS)
    let byHand: Promise<void> | undefined
    const { code, out } = await desk.run(["rotate", KEY, "--wait"], {
      onOutput: text => {
        if (!text.includes("waits (promoted)")) return
        byHand ??= desk.write(".env", "AUTH__SESSION_KEY=by-hand\n").then(async () => {
          await desk.run(["rotate", KEY, "--rollback"])
        })
      },
    })
    await byHand
    expect([code, out]).toEqual([3, expect.stringContaining("blocked")])
    expect((await desk.run(["rotate", "--status"])).code).toBe(3)
  })

  it("does not wait for the pause after an attempt that was given up: 1", async () => {
    const desk = await deskWithKey(
      "old-value-old-value",
      undefined,
      `{ ...generatedKey({ consumers }), verify: async ({ value }) => value === "old-value-old-value" ? "works" : "refused", deadlines: { verify: "100ms" } }`,
    )
    const first = await desk.run(["rotate", KEY, "--wait", "-q"])
    expect([first.code, first.out]).toEqual([1, expect.stringContaining("--impatient")])
    const second = await desk.run(["rotate", KEY, "--wait", "-q"])
    expect([second.code, second.out]).toEqual([1, expect.stringContaining("the last attempt was given up")])
  }, 20_000)
})

describe("latchkey rotate --watch", () => {
  it("keeps to the schedules until it is asked to stop, and then ends with 0", async () => {
    const desk = await deskWithKey("old-value-old-value")
    await desk.configure(
      `export default defineRotations({ store: "dotenv:${desk.folder}/.env", rotations: { "${KEY}": { plan: generatedKey({ consumers }), schedule: { interval: "24h" }, jitter: "0%" } } })`,
    )
    const ending = new AbortController()
    const { code, out, err } = await desk.run(["rotate", "--watch"], {
      signal: ending.signal,
      onOutput: text => text.includes("idle") && ending.abort(),
    })
    expect([code, out]).toEqual([0, ""])
    expect(err).toMatch(/stop with Ctrl-C or SIGTERM\n[\s\S]*promoted[\s\S]*waits until \d{4}-[\s\S]*idle/)
  })

  it("prints with --json one line for each event", async () => {
    const desk = await deskWithKey("old-value-old-value")
    await desk.configure(
      `export default defineRotations({ store: "dotenv:${desk.folder}/.env", rotations: { "${KEY}": { plan: generatedKey({ consumers }), schedule: { interval: "24h" }, jitter: "0%" } } })`,
    )
    const ending = new AbortController()
    const { out, err } = await desk.run(["rotate", "--watch", "--json"], {
      signal: ending.signal,
      onOutput: text => text.includes('"waiting"') && ending.abort(),
    })
    expect(err).toBe("")
    const events = out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line))
    for (const one of events)
      expect(one).toMatchObject({
        schema: 1,
        kind: "event",
        event: { name: KEY, at: expect.stringMatching(/Z$/) },
      })
    expect(events.map(({ event }) => event.to)).toContain("promoted")
  })
})
