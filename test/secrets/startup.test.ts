import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type SecretErrorCode } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { never, rig, scripted } from "../support/rig.ts"

describe("the start-up deadline", () => {
  it("ends a first read that hangs, although the store ignores the signal, and says why", async () => {
    const { secrets, clock, failure } = rig(() => scripted({ read: never }))
    const reading = failure(secrets.get("tally/api-token"))
    await clock.advance("14999ms")
    expect(clock.pending.length).toBeGreaterThan(0)
    await clock.advance("1ms")
    const error = await reading
    expect(error).toMatchObject({
      code: "TIMEOUT",
      lastCode: "TIMEOUT",
      secret: "tally/api-token",
      store: "scripted:",
      transient: true,
    })
    expect(error.message).toMatch(/could not be read within the startupDeadline of 15 s, after \d attempts/)
  })

  for (const lastCode of ["UNAVAILABLE", "THROTTLED"] as const) {
    it(`names the last cause: ${lastCode}`, async () => {
      const { secrets, store, clock, failure } = rig((clock, { text }) =>
        faulty(memory({ db: text }, { clock })),
      )
      store.faults.fail("read", lastCode)
      const reading = failure(secrets.get("db", { startupDeadline: "3s" }))
      await clock.advance("3s")
      const error = await reading
      expect(error).toMatchObject({ code: "TIMEOUT", lastCode, secret: "db" })
      expect(error.message).toContain("within the startupDeadline of 3 s")
      expect(error.message).toContain(`last cause ${lastCode}`)
    })
  }

  it("hands on what the last cause said to do next", async () => {
    const { secrets, store, clock, failure } = rig(clock => faulty(memory({}, { clock })))
    store.faults.fail("read", new SecretError("UNAVAILABLE", { hint: "start the server" }))
    const reading = failure(secrets.get("db", { startupDeadline: "1s" }))
    await clock.advance("1s")
    expect((await reading).hint).toBe("start the server")
  })

  it("names the last cause of each secret, where several fail for different reasons", async () => {
    const causes: Record<string, SecretErrorCode> = {
      a: "UNAVAILABLE",
      b: "TIMEOUT",
      c: "THROTTLED",
      d: "DENIED",
    }
    const { secrets, clock, failure } = rig((_, { text }) =>
      scripted({
        async readMany(names: readonly string[]) {
          return new Map(
            names.map(name => {
              const code = causes[name]
              return [name, code === undefined ? { value: text, version: "v1" } : new SecretError(code)]
            }),
          )
        },
        async read(name: string) {
          throw new SecretError(causes[name] ?? "NOT_FOUND")
        },
      }),
    )
    const reading = failure(secrets.getMany({ a: "a", b: "b", good: "good", c: "c", d: "d" }))
    await clock.advance("15s")
    const error = await reading
    expect(error.problems?.map(({ secret, code, lastCode }) => [secret, code, lastCode])).toEqual([
      ["a", "TIMEOUT", "UNAVAILABLE"],
      ["b", "TIMEOUT", "TIMEOUT"],
      ["c", "TIMEOUT", "THROTTLED"],
      ["d", "DENIED", undefined],
    ])
    // The first one that will not go away by itself.
    expect(error).toMatchObject({ code: "DENIED", transient: false })
    expect(error.message).toContain("4 of 5 secrets could not be read")
    for (const name of ["a", "b", "c", "d"]) expect(error.message).toContain(`${name}: `)
  })

  it("says that all may pass, when all may pass", async () => {
    const { secrets, store, clock, failure } = rig(clock => faulty(memory({}, { clock })))
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    const reading = failure(secrets.getMany({ a: "a", b: "b" }, { startupDeadline: "1s" }))
    await clock.advance("1s")
    expect(await reading).toMatchObject({ code: "TIMEOUT", transient: true })
  })

  it("gives the error itself, where one of several fails", async () => {
    const { secrets, failure } = rig((clock, { text }) => memory({ a: text }, { clock }))
    const error = await failure(secrets.getMany({ a: "a", b: "b" }))
    expect(error).toMatchObject({ code: "NOT_FOUND", secret: "b" })
    expect(error.problems).toBeUndefined()
  })

  it("ends in time, also when the backend asks for a longer pause", async () => {
    const { secrets, store, clock, failure } = rig(clock => faulty(memory({ db: "x" }, { clock })))
    store.faults.fail("read", new SecretError("THROTTLED", { retryAfterMs: 3_600_000 }))
    const reading = failure(secrets.get("db"))
    await clock.settle()
    // There is no use in waiting for what comes too late.
    expect(await reading).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED", retryAfterMs: 3_600_000 })
    const second = failure(secrets.get("db"))
    await clock.advance("15s")
    expect(await second).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED" })
    expect(store.calls.count("read")).toBe(1)
  })

  it("is that of each caller", async () => {
    const { secrets, store, clock, failure } = rig(clock => faulty(memory({}, { clock })))
    store.faults.fail("read", "UNAVAILABLE")
    const ends: [string, number][] = []
    const long = failure(secrets.get("db", { startupDeadline: "9s" })).then(() =>
      ends.push(["long", clock.monotonic()]),
    )
    const short = failure(secrets.get("db", { startupDeadline: "2s" })).then(() =>
      ends.push(["short", clock.monotonic()]),
    )
    await clock.advance("10s")
    await Promise.all([long, short])
    expect(ends.map(([which]) => which)).toEqual(["short", "long"])
    expect(ends[0]?.[1]).toBeLessThanOrEqual(2_000)
    expect(ends[1]?.[1]).toBeGreaterThan(2_000)
  })

  it("shorter than a call may take ends the call as well", async () => {
    let told: AbortSignal | undefined
    const { secrets, clock, failure } = rig(() =>
      scripted({
        read: (_: string, { signal }: { signal: AbortSignal }) => {
          told = signal
          return never()
        },
      }),
    )
    const reading = failure(secrets.get("db", { startupDeadline: "1s" }))
    await clock.advance("1s")
    expect(await reading).toMatchObject({ code: "TIMEOUT", lastCode: "TIMEOUT" })
    expect(told?.aborted).toBe(true)
    expect(clock.pending).toEqual([])
  })

  it("begins anew with the next caller", async () => {
    const { secrets, store, clock, canary, failure } = rig((clock, { text }) =>
      faulty(memory({ db: text }, { clock })),
    )
    const down = store.faults.fail("read", "UNAVAILABLE")
    const first = failure(secrets.get("db", { startupDeadline: "2s" }))
    await clock.advance("2s")
    await first
    const second = secrets.get("db")
    await clock.advance("1s")
    down.end()
    await clock.advance("14s")
    expect((await second).reveal()).toBe(canary.text)
  })
})

describe("whoever waits for a first read", () => {
  it("gets ABORTED when the own signal does, between two attempts too", async () => {
    const { secrets, store, clock, failure } = rig(clock => faulty(memory({}, { clock })))
    store.faults.fail("read", new SecretError("UNAVAILABLE", { retryAfterMs: 5_000 }))
    const leaving = new AbortController()
    const reading = failure(secrets.get("db", { signal: leaving.signal }))
    await clock.advance("2s")
    leaving.abort()
    expect(await reading).toMatchObject({ code: "ABORTED", secret: "db" })
    await clock.settle()
    expect(clock.pending).toEqual([])
  })

  it("gets ABORTED while queueing behind a store that is down", async () => {
    const { secrets, store, clock, failure } = rig(clock => faulty(memory({}, { clock })))
    store.faults.fail("read", new SecretError("UNAVAILABLE", { retryAfterMs: 5_000 }))
    const first = failure(secrets.get("a", { startupDeadline: "6s" }))
    await clock.settle()
    const leaving = new AbortController()
    const queued = failure(secrets.get("b", { signal: leaving.signal }))
    await clock.advance("1s")
    leaving.abort()
    expect(await queued).toMatchObject({ code: "ABORTED", secret: "b" })
    await clock.advance("5s")
    await first
    expect(store.calls.count("read", "b")).toBe(0)
  })

  for (const [where, make] of Object.entries({
    "a call that hangs": () => scripted({ read: never }),
    "the pause before the next attempt": () =>
      scripted({
        async read() {
          throw new SecretError("UNAVAILABLE", { retryAfterMs: 5_000 })
        },
      }),
  })) {
    it(`gets CLOSED when everything is closed, in ${where}`, async () => {
      const { secrets, clock, failure } = rig(make)
      const reading = [failure(secrets.get("a")), failure(secrets.getMany({ a: "a", b: "b" }))]
      await clock.advance("1s")
      const closing = secrets.close()
      const [one, many] = await Promise.all(reading)
      expect(one).toMatchObject({ code: "CLOSED", secret: "a" })
      expect(many?.problems?.map(({ code }) => code)).toEqual(["CLOSED", "CLOSED"])
      await clock.advance("10s")
      await closing
      expect(clock.pending).toEqual([])
    })
  }
})
