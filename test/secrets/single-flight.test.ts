import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError as Failure, type SecretError, type StoredSecret } from "../../src/core/index.ts"
import { Flight } from "../../src/secrets/single-flight.ts"
import { faulty } from "../../src/testing/index.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { gate, rig, scripted, stateOf } from "../support/rig.ts"

describe("concurrent reads of one name", () => {
  it("are one call to the store, and all get the value", async () => {
    const { secrets, store, canary } = rig((clock, { text }) => faulty(memory({ db: text }, { clock })))
    const handles = await Promise.all(Array.from({ length: 50 }, () => secrets.get("db")))
    expect(store.calls.count("read")).toBe(1)
    expect(store.calls.count("readMany")).toBe(0)
    expect(handles.map(handle => handle.reveal())).toEqual(Array(50).fill(canary.text))
  })

  it("are one call for whoever comes while it is under way, in another form or for a field too", async () => {
    const { secrets, store, clock, canary } = rig((clock, { text }) =>
      faulty(memory({ db: JSON.stringify({ password: text }) }, { clock })),
    )
    const hang = store.faults.hang("read")
    const first = secrets.getJson("db")
    await clock.settle()
    const later = secrets.get("db#password")
    const last = secrets.getBytes("db")
    await clock.settle()
    hang.end()
    await store.faults.release()
    expect((await later).reveal()).toBe(canary.text)
    expect((await first).reveal()).toEqual({ password: canary.text })
    expect(new TextDecoder().decode((await last).reveal())).toContain(canary.text)
    expect(store.calls.count("read")).toBe(1)
  })

  it("are one call that fails, and all get its error", async () => {
    const { secrets, store, failure } = rig(clock => faulty(memory({}, { clock })))
    const errors = await Promise.all(Array.from({ length: 50 }, () => failure(secrets.get("db"))))
    expect(store.calls.count("read")).toBe(1)
    expect(errors.map(error => error.code)).toEqual(Array(50).fill("NOT_FOUND"))
  })

  it("are another call when the one before has ended", async () => {
    const { secrets, store, failure } = rig((clock, { text }) => faulty(memory({ db: text }, { clock })))
    store.faults.fail("read", "NOT_FOUND", { times: 1 })
    await failure(secrets.get("db"))
    await secrets.get("db")
    expect(store.calls.count("read")).toBe(2)
  })

  it("share the next attempts as well", async () => {
    const { secrets, store, clock } = rig((clock, { text }) => faulty(memory({ db: text }, { clock })))
    store.faults.fail("read", "UNAVAILABLE", { times: 2 })
    const reading = Promise.all(Array.from({ length: 50 }, () => secrets.get("db")))
    await clock.advance("5s")
    await reading
    expect(store.calls.count("read")).toBe(3)
    expect(store.calls.mostAtOnce("read")).toBe(1)
  })
})

describe("a caller who leaves", () => {
  it("gets ABORTED at once, while the others get the value of the same call", async () => {
    const { secrets, store, clock, canary, failure } = rig((clock, { text }) =>
      faulty(memory({ db: text }, { clock })),
    )
    const hang = store.faults.hang("read")
    const leaving = new AbortController()
    const left = failure(secrets.get("db", { signal: leaving.signal }))
    const staying = secrets.get("db", { signal: new AbortController().signal })
    await clock.settle()
    leaving.abort()
    expect(await left).toMatchObject({ code: "ABORTED", secret: "db", store: "memory:" })
    expect(store.faults.waiting).toBe(1)
    hang.end()
    await store.faults.release()
    expect((await staying).reveal()).toBe(canary.text)
    expect(store.calls.count("read")).toBe(1)
  })

  it("leaves no call behind when it was the last one", async () => {
    let told: AbortSignal | undefined
    const { secrets, clock, failure } = rig(() =>
      scripted({
        read: (_: string, { signal }: { signal: AbortSignal }) => {
          told = signal
          return new Promise<never>(() => undefined)
        },
      }),
    )
    const leaving = [new AbortController(), new AbortController()]
    const left = leaving.map(({ signal }) => failure(secrets.get("db", { signal })))
    await clock.settle()
    leaving[0]?.abort()
    await clock.settle()
    expect(told?.aborted).toBe(false)
    leaving[1]?.abort()
    await clock.settle()
    expect(told?.aborted).toBe(true)
    expect((await Promise.all(left)).map(error => error.code)).toEqual(["ABORTED", "ABORTED"])
  })

  it("makes room for a new call, whose answer is not that of the one that was left", async () => {
    const answers = [gate<StoredSecret>(), gate<StoredSecret>()]
    let asked = 0
    const { secrets, clock, failure, canary } = rig(() =>
      scripted({ read: async () => await (answers[asked++]?.promise ?? Promise.reject(null)) }),
    )
    const leaving = new AbortController()
    const left = failure(secrets.get("db", { signal: leaving.signal }))
    await clock.settle()
    leaving.abort()
    await left
    const again = secrets.get("db")
    await clock.settle()
    expect(asked).toBe(2)
    answers[0]?.open({ value: "old", version: "v1" })
    expect(await stateOf(again, clock)).toBe("pending")
    answers[1]?.open({ value: canary.text, version: "v2" })
    expect((await again).reveal()).toBe(canary.text)
  })

  it("is not waited for when the signal has aborted before", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      faulty(memory({ db: text }, { clock })),
    )
    expect((await failure(secrets.get("db", { signal: AbortSignal.abort() }))).code).toBe("ABORTED")
    await clock.settle()
    expect(store.calls.count("read")).toBe(0)
  })

  it("is served all the same when nothing has to be read", async () => {
    const { secrets, canary } = rig((clock, { text }) => faulty(memory({ db: text }, { clock })))
    const handle = await secrets.get("db")
    expect((await secrets.get("db", { signal: AbortSignal.abort() })).reveal()).toBe(canary.text)
    expect(handle.reveal()).toBe(canary.text)
  })

  it("takes nothing from whoever is more patient, and holds nobody back", async () => {
    const { secrets, store, clock, canary, failure } = rig((clock, { text }) =>
      faulty(memory({ db: text }, { clock }), { clock }),
    )
    const down = store.faults.fail("read", "UNAVAILABLE")
    const patient = secrets.get("db", { startupDeadline: "10s" })
    // The shorter deadline holds for the name from now on; the one who came before keeps the longer one.
    const hasty = failure(secrets.get("db", { startupDeadline: "2s" }))
    await clock.advance("2s")
    expect(await hasty).toMatchObject({ code: "TIMEOUT", lastCode: "UNAVAILABLE" })
    down.end()
    await clock.advance("8s")
    expect((await patient).reveal()).toBe(canary.text)
  })
})

describe("a flight", () => {
  const context = (clock = checkedFakeClock()) => ({
    secret: "db",
    store: "scripted:",
    clock,
    random: () => 0.5,
    storeError: () => undefined as SecretError | undefined,
  })

  it("makes one attempt and no more for those who only want one", async () => {
    let attempts = 0
    const flight = new Flight(context(), async () => {
      attempts += 1
      return new Failure("UNAVAILABLE")
    })
    const joined = flight.join({})
    await flight.fly()
    expect(await joined).toMatchObject({ code: "UNAVAILABLE" })
    expect(attempts).toBe(1)
    expect(flight.over).toBe(true)
  })

  it("does not wait for an attempt that would come too late", async () => {
    const clock = checkedFakeClock()
    const flight = new Flight(context(clock), async () => new Failure("THROTTLED", { retryAfterMs: 60_000 }))
    const joined = flight.join({ until: 15_000, limit: "the startupDeadline of 15 s" })
    await flight.fly()
    expect(await joined).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED", retryAfterMs: 60_000 })
    expect(clock.monotonic()).toBe(0)
  })

  it("says how often it tried, and what the last cause was", async () => {
    const clock = checkedFakeClock()
    const codes = ["UNAVAILABLE", "THROTTLED", "UNAVAILABLE"] as const
    let attempts = 0
    const flight = new Flight(context(clock), async () => new Failure(codes[attempts++ % 3] ?? "DENIED"))
    const joined = flight.join({ until: 290, limit: "the startupDeadline of 0.29 s" })
    const flown = flight.fly()
    await clock.advance("400ms")
    await flown
    const error = await joined
    expect(attempts).toBe(2)
    expect(error).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED", secret: "db" })
    expect(error?.message).toContain(
      "could not be read within the startupDeadline of 0.29 s, after 2 attempts",
    )
  })

  it("ends for whoever waited long enough, while its attempt hangs", async () => {
    const clock = checkedFakeClock()
    const answer = gate<SecretError | undefined>()
    const flight = new Flight(context(clock), async () => await answer.promise)
    const short = flight.join({ until: 100 })
    const long = flight.join({ until: 200 })
    const flown = flight.fly()
    await clock.advance("100ms")
    const error = await short
    expect(error).toMatchObject({ code: "TIMEOUT", lastCode: "TIMEOUT" })
    expect(error?.message).toContain("within the time limit, after 1 attempt,")
    expect(flight.over).toBe(false)
    answer.open(undefined)
    expect(await long).toBeUndefined()
    await flown
  })

  it("is cancelled for everybody at once", async () => {
    const answer = gate<SecretError | undefined>()
    let told: AbortSignal | undefined
    const flight = new Flight(context(), async signal => {
      told = signal
      return await answer.promise
    })
    const joined = [flight.join({ until: 9_000 }), flight.join({})]
    const flown = flight.fly()
    flight.cancel(new Failure("CLOSED"))
    expect((await Promise.all(joined)).map(error => error?.code)).toEqual(["CLOSED", "CLOSED"])
    expect(told?.aborted).toBe(true)
    answer.open(undefined)
    await flown
  })

  it("is as patient as the most patient of those who wait", async () => {
    const answer = gate<SecretError | undefined>()
    let patience: () => unknown = () => undefined
    const flight = new Flight(context(), async (_, ask) => {
      patience = ask
      return await answer.promise
    })
    const joined = [flight.join({})]
    const flown = flight.fly()
    expect(patience()).toBe("impatient")
    joined.push(flight.join({ until: 1_000 }))
    expect(patience()).toBe("patient")
    answer.open(undefined)
    await Promise.all([...joined, flown])
  })
})
