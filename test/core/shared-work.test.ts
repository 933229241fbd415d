import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { type SharedWorkOptions, sharedWork } from "../../src/core/index.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { gate } from "../support/rig.ts"

/** Work of which a test says when it ends, and on whose clock. */
function counted(options: SharedWorkOptions = {}) {
  const clock = checkedFakeClock()
  const begun: { readonly signal: AbortSignal; readonly end: ReturnType<typeof gate<string>> }[] = []
  const share = sharedWork<string>(() => new RangeError("given up"), { clock, ...options })
  const join = async (key = "login"): Promise<string> =>
    await share(key, async signal => {
      const end = gate<string>()
      begun.push({ signal, end })
      return await end.promise
    })
  return { clock, begun, join }
}

describe("shared work", () => {
  it("is begun once for all who want it at the same time, and again for the next", async () => {
    const { begun, join } = counted()
    const all = [join(), join(), join()]
    begun[0]?.end.open("first")
    expect(await Promise.all(all)).toEqual(["first", "first", "first"])
    const next = join()
    begun[1]?.end.open("second")
    expect([await next, begun.length]).toEqual(["second", 2])
  })

  it("is another under another key", async () => {
    const { begun, join } = counted()
    const all = [join("one"), join("two")]
    for (const [index, { end }] of begun.entries()) end.open(`${index}`)
    expect(await Promise.all(all)).toEqual(["0", "1"])
  })

  it("that fails does so for all who wait, and is begun again by the next", async () => {
    const { begun, join } = counted()
    const all = Promise.allSettled([join(), join()])
    begun[0]?.end.fail(new TypeError("its own"))
    expect(await all).toMatchObject([
      { status: "rejected", reason: expect.any(TypeError) },
      { status: "rejected", reason: expect.any(TypeError) },
    ])
    const next = join()
    begun[1]?.end.open("second")
    expect(await next).toBe("second")
  })

  it("is joined for ten seconds, and begun anew by whoever comes later", async () => {
    const { clock, begun, join } = counted()
    const all = [join()]
    await clock.advance("9s")
    all.push(join())
    expect(begun).toHaveLength(1)
    await clock.advance("1s")
    all.push(join(), join())
    expect(begun).toHaveLength(2)
    begun[1]?.end.open("anew")
    expect(await Promise.all(all)).toEqual(["anew", "anew", "anew", "anew"])
    // What has not been heard of since then says nothing to those who come now.
    const next = join()
    begun[0]?.end.open("too late")
    begun[2]?.end.open("next")
    expect([await next, begun.length]).toEqual(["next", 3])
  })

  it("that was only slow is there for all, also for those who began anew", async () => {
    const { clock, begun, join } = counted()
    const first = join()
    await clock.advance("12s")
    const second = join()
    begun[0]?.end.open("slow")
    expect(await Promise.all([first, second])).toEqual(["slow", "slow"])
    begun[1]?.end.fail(new TypeError("nobody waits for it"))
    await clock.settle()
  })

  it("fails for those who wait for just that, and goes on for those who began anew", async () => {
    const { clock, begun, join } = counted()
    const first = Promise.allSettled([join()])
    await clock.advance("12s")
    const second = join()
    begun[0]?.end.fail(new TypeError("its own"))
    expect(await first).toMatchObject([{ reason: expect.any(TypeError) }])
    const joining = join()
    begun[1]?.end.open("anew")
    expect([await Promise.all([second, joining]), begun.length]).toEqual([["anew", "anew"], 2])
  })

  it("is given up after thirty seconds, and told so; what comes of it then is dropped", async () => {
    const { clock, begun, join } = counted()
    const waiting = Promise.allSettled([join(), join()])
    await clock.advance("29s")
    expect(begun[0]?.signal.aborted).toBe(false)
    await clock.advance("1s")
    expect(await waiting).toMatchObject([
      { status: "rejected", reason: expect.any(RangeError) },
      { status: "rejected", reason: expect.any(RangeError) },
    ])
    expect(begun[0]?.signal.aborted).toBe(true)
    // An unhandled rejection would fail the test.
    begun[0]?.end.fail(new TypeError("too late"))
    await clock.settle()
  })

  it("keeps no process alive, and leaves neither a timer nor a listener", async () => {
    const closing = new AbortController()
    const { clock, begun, join } = counted({ closing: closing.signal })
    const all = Promise.allSettled([join("one"), join("two")])
    expect(clock.pending).toEqual([
      { kind: "background", dueIn: 30_000 },
      { kind: "background", dueIn: 30_000 },
    ])
    begun[0]?.end.open("done")
    begun[1]?.end.fail(new TypeError("its own"))
    await all
    expect([clock.pending, getEventListeners(closing.signal, "abort")]).toEqual([[], []])
  })

  it("ends when the store is closed, and does not begin after that", async () => {
    const closing = new AbortController()
    const { begun, join } = counted({ closing: closing.signal })
    const waiting = Promise.allSettled([join()])
    closing.abort()
    expect(await waiting).toMatchObject([{ reason: { code: "CLOSED" } }])
    expect(begun[0]?.signal.aborted).toBe(true)
    await expect(join()).rejects.toMatchObject({ code: "CLOSED" })
    expect(begun).toHaveLength(1)
  })

  it("takes the clock of the machine where none is given", async () => {
    const share = sharedWork<string>(() => new RangeError("given up"))
    expect(await share("login", async () => "done")).toBe("done")
  })
})
