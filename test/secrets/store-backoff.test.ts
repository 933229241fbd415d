import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { type Clock, isSecretError, SecretError, type SecretStore } from "../../src/core/index.ts"
import type { Answer } from "../../src/secrets/reader.ts"
import { isPostponed, type Patience, StoreBackoff } from "../../src/secrets/store-backoff.ts"
import { type FakeClock, faulty } from "../../src/testing/index.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { type Gate, gate, rig, scripted, stateOf, without } from "../support/rig.ts"

const NAMES = Array.from({ length: 1_000 }, (_, index) => `name-${index}`)

const thousand = (text: string): Record<string, string> =>
  Object.fromEntries(NAMES.map(name => [name, `${text} ${name}`]))

const asRequests = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map(name => [name, name]))

/** Remembers when the store was asked for a value. */
function timed<S extends SecretStore>(store: S, clock: Clock): S & { readonly asked: number[] } {
  const asked: number[] = []
  const { read, readMany } = store
  const noted: SecretStore = {
    ...store,
    read: (name, options) => {
      asked.push(clock.monotonic())
      return read(name, options)
    },
  }
  if (readMany !== undefined) {
    noted.readMany = (names, options) => {
      asked.push(clock.monotonic())
      return readMany(names, options)
    }
  }
  return { ...(noted as S), asked }
}

/** Different numbers, and the same ones each time. */
function randomUpTo(most: number): () => number {
  let state = 42
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return (most * state) / 2 ** 31
  }
}

/** The most calls within any second. */
function mostPerSecond(times: readonly number[]): number {
  return Math.max(0, ...times.map(from => times.filter(at => at >= from && at < from + 1_000).length))
}

describe("a thousand names against a store that is down", () => {
  const jitters = { small: 0.01, any: 1 }
  for (const [jitter, most] of Object.entries(jitters)) {
    for (const batches of [true, false]) {
      const how = `${batches ? "with" : "without"} batches, ${jitter} jitter`
      it(`are a few calls at first and then at most two probes a second: ${how}`, async () => {
        const { secrets, store, clock } = rig(
          (clock, { text }) => {
            const held = memory(thousand(text), { clock })
            return timed(faulty(batches ? held : (without(held, "readMany") as typeof held)), clock)
          },
          { random: randomUpTo(most) },
        )
        store.faults.fail(["read", "readMany"], "UNAVAILABLE")
        const reading = secrets.getManySettled(asRequests(NAMES), { startupDeadline: "60s" })
        await clock.settle()
        expect(store.asked.length).toBeLessThanOrEqual(20)
        await clock.advance("60s")
        const settled = Object.values(await reading)
        expect(settled.every(each => isSecretError(each) && each.lastCode === "UNAVAILABLE")).toBe(true)
        const probes = store.asked.filter(at => at > 0)
        expect(mostPerSecond(probes)).toBeLessThanOrEqual(2)
        // It is asked all the same, or nobody would learn that it is back.
        expect(probes.length).toBeGreaterThan(3)
      })
    }
  }

  it("are at most ten calls at once where it hangs, and then single probes", async () => {
    const { secrets, store, clock } = rig((clock, { text }) =>
      timed(faulty(without(memory(thousand(text), { clock }), "readMany") as SecretStore), clock),
    )
    store.faults.hang("read", { deaf: true })
    const reading = secrets.getManySettled(asRequests(NAMES), { startupDeadline: "30s" })
    await clock.advance("30s")
    await reading
    const first = store.asked.filter(at => at < 5_000)
    expect(first).toHaveLength(10)
    // Ten more may have gone before the first time-out was known; after that a probe lasts as long as a call may.
    expect(store.asked.length).toBeLessThanOrEqual(20 + 5)
    await store.faults.heal()
  })

  it("are no more probes when everybody leaves quickly", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      timed(faulty(memory(thousand(text), { clock })), clock),
    )
    store.faults.fail("read", "UNAVAILABLE", { times: 1 })
    store.faults.hang("read")
    const left: Promise<SecretError>[] = []
    for (let twentieth = 0; twentieth < 200; twentieth++) {
      const leaving = new AbortController()
      left.push(failure(secrets.get(`name-${twentieth}`, { signal: leaving.signal })))
      await clock.advance("50ms")
      leaving.abort()
      await clock.settle()
    }
    const codes = new Set((await Promise.all(left)).map(error => error.code))
    expect([...codes]).toEqual(["ABORTED"])
    const probes = store.asked.filter(at => at > 0)
    expect(mostPerSecond(probes)).toBeLessThanOrEqual(2)
    expect(probes.length).toBeGreaterThan(10)
  })

  it("are called back in whole batches too, when those wait for their turn", async () => {
    const sent: number[] = []
    const { secrets, clock } = rig(() =>
      scripted(
        {
          async readMany(names: readonly string[]): Promise<never> {
            sent.push(names.length)
            throw new SecretError("UNAVAILABLE")
          },
          async read(): Promise<never> {
            throw new SecretError("UNAVAILABLE")
          },
        },
        { batchSize: 20 },
      ),
    )
    const reading = secrets.getManySettled(asRequests(NAMES), { startupDeadline: "1s" })
    await clock.settle()
    expect(sent.length).toBeLessThanOrEqual(20)
    await clock.advance("1s")
    expect(Object.values(await reading).every(isSecretError)).toBe(true)
  })

  it("are all there in one round when it is back: one probe, and one call for the rest", async () => {
    const { secrets, store, clock, canary } = rig((clock, { text }) =>
      faulty(memory(thousand(text), { clock })),
    )
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    const reading = secrets.getMany(asRequests(NAMES), { startupDeadline: "60s" })
    await clock.advance("20s")
    await store.faults.heal()
    store.calls.clear()
    await clock.advance("20s")
    const handles = await reading
    expect(handles["name-999"]?.reveal()).toBe(`${canary.text} name-999`)
    expect(store.calls.count("read", undefined)).toBe(1)
    expect(store.calls.count("readMany")).toBe(1)
  })

  it("that are held already are served, ask it no more often, and are fresh in one round when it is back", async () => {
    const { secrets, store, clock, canary, saidOf } = rig((clock, { text }) =>
      timed(faulty(memory(thousand(text), { clock })), clock),
    )
    const handles = await secrets.getMany(asRequests(NAMES))
    store.asked.length = 0
    const down = store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    await clock.advance("30m")
    const values = () => NAMES.filter(name => handles[name]?.reveal() === `${canary.text} ${name}`)
    expect(values()).toHaveLength(1_000)
    expect(NAMES.every(name => handles[name]?.status.stale)).toBe(true)
    expect(mostPerSecond(store.asked)).toBeLessThanOrEqual(2)
    expect(saidOf("stale").filter(event => !event.ended)).toHaveLength(1_000)

    down.end()
    store.calls.clear()
    await clock.advance("5m")
    expect(NAMES.some(name => handles[name]?.status.stale)).toBe(false)
    expect(saidOf("recovered")).toHaveLength(1_000)
    expect(store.calls.count("readMany")).toBe(1)
    expect(store.calls.count("read")).toBe(1)
  })
})

describe("one secret that can never be read", () => {
  it("does not keep the others from being read at start-up", async () => {
    const { secrets, store, clock, canary } = rig((clock, { text }) =>
      faulty(without(memory({ a: text, b: text, c: text, bad: text }, { clock }), "readMany") as SecretStore),
    )
    store.faults.hang("read", { name: "bad" })
    const reading = secrets.getManySettled({ bad: "bad", a: "a", b: "b", c: "c" })
    await clock.advance("15s")
    const { bad, a, b, c } = await reading
    expect(bad).toMatchObject({ code: "TIMEOUT", lastCode: "TIMEOUT", secret: "bad" })
    for (const good of [a, b, c]) expect("reveal" in good && good.reveal()).toBe(canary.text)
  })

  it("does not keep the others from being read when they come later", async () => {
    const { secrets, store, clock, canary, failure } = rig((clock, { text }) =>
      faulty(memory({ a: text, bad: text }, { clock })),
    )
    store.faults.hang("read", { name: "bad" })
    const bad = failure(secrets.get("bad", { startupDeadline: "1m" }))
    await clock.advance("7s")
    const later = secrets.get("a")
    await clock.advance("12s")
    expect((await later).reveal()).toBe(canary.text)
    await clock.advance("41s")
    expect((await bad).code).toBe("TIMEOUT")
  })

  it("does not keep the others from recovering after an outage of all", async () => {
    const { secrets, store, clock, saidOf } = rig(
      (clock, { text }) =>
        faulty(without(memory({ bad: text, a: text, b: text }, { clock }), "readMany") as SecretStore),
      { ttl: "1m", maxStale: "10m" },
    )
    const handles = await secrets.getMany({ bad: "bad", a: "a", b: "b" })
    for (const handle of Object.values(handles)) handle.onRotate(() => undefined)
    // All fail in step, and are due at the same moments.
    const down = store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("3m")
    down.end()
    store.faults.hang("read", { name: "bad" })
    await clock.advance("3m")
    expect(saidOf("recovered").map(event => event.secret)).toEqual(expect.arrayContaining(["a", "b"]))
    await clock.advance("1h")
    expect(saidOf("stale").filter(event => event.ended)).toMatchObject([{ secret: "bad" }])
  })

  it("does not make the others too old", async () => {
    const { secrets, store, clock, saidOf } = rig(
      (clock, { text }) =>
        faulty(without(memory({ a: text, b: text, bad: text }, { clock }), "readMany") as SecretStore),
      { ttl: "1m", maxStale: "3m" },
    )
    const handles = await secrets.getMany({ a: "a", b: "b", bad: "bad" })
    store.faults.hang("read", { name: "bad" })
    let oldest = 0
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance("1m")
      oldest = Math.max(oldest, handles.a.status.age, handles.b.status.age)
      handles.a.reveal()
      handles.b.reveal()
    }
    expect(
      saidOf("stale")
        .filter(event => event.ended)
        .map(event => event.secret),
    ).toEqual(["bad"])
    // A time to live, and then the two probes that the bad one may have taken.
    expect(oldest).toBeLessThan(60_000 + 2 * (5_000 + 30_000))
  })
})

const reached: Answer = {
  order: 1,
  at: { monotonic: 0, wall: 0 },
  result: { value: "x", version: "v1" },
  reached: true,
}
const failed = (code: "UNAVAILABLE" | "TIMEOUT" = "UNAVAILABLE", retryAfterMs?: number): Answer => ({
  ...reached,
  result: new SecretError(code, { retryAfterMs }),
  reached: false,
})

/** A backoff on its own, and calls that the test answers. */
function bare(longestPause = 60_000, random = 0.5) {
  const clock = checkedFakeClock()
  const recoveries: number[] = []
  const backoff = new StoreBackoff(clock, () => random, {
    longestPause: () => longestPause,
    recovered: () => recoveries.push(clock.monotonic()),
  })
  const calls: Gate<Answer | undefined>[] = []
  const pass = (patience: Patience | (() => Patience) = "patient", signal = new AbortController().signal) =>
    backoff.pass(
      async () => {
        const call = gate<Answer | undefined>()
        calls.push(call)
        return await call.promise
      },
      typeof patience === "function" ? patience : () => patience,
      signal,
    )
  const answer = async (index: number, given: Answer | undefined) => {
    calls[index]?.open(given)
    await clock.settle()
  }
  return { clock, backoff, calls, pass, answer, recoveries }
}

/** Fails once, so that the store is known to be down. */
async function down(made: ReturnType<typeof bare>, given = failed()): Promise<void> {
  const first = made.pass()
  await made.clock.settle()
  await made.answer(made.calls.length - 1, given)
  await first
}

describe("the backoff of a store", () => {
  it("lets every call through while the store is reached", async () => {
    const made = bare()
    const passing = [made.pass(), made.pass("impatient")]
    await made.clock.settle()
    expect(made.calls).toHaveLength(2)
    await made.answer(0, reached)
    await made.answer(1, reached)
    expect(await Promise.all(passing)).toEqual([reached, reached])
    expect(made.backoff.error).toBeUndefined()
  })

  it("makes the patient wait for a probe, and tells the impatient when to come back", async () => {
    const made = bare()
    await down(made)
    expect(made.backoff.error).toMatchObject({ code: "UNAVAILABLE" })
    const patient = made.pass("patient")
    const impatient = await made.pass("impatient")
    expect(impatient).toMatchObject({ postponedUntil: 125, error: { code: "UNAVAILABLE" } })
    expect(made.backoff.nextProbe).toBe(125)
    await made.clock.advance("124ms")
    expect(made.calls).toHaveLength(1)
    await made.clock.advance("1ms")
    expect(made.calls).toHaveLength(2)
    await made.answer(1, reached)
    expect(await patient).toBe(reached)
    expect(made.recoveries).toEqual([125])
  })

  it("lets the first one through that comes after the pause, as the probe", async () => {
    const made = bare()
    await down(made)
    await made.clock.advance("1s")
    const impatient = made.pass("impatient")
    await made.clock.settle()
    expect(made.calls).toHaveLength(2)
    await made.answer(1, reached)
    expect(await impatient).toBe(reached)
  })

  it("makes all wait for the probe, and then go at once", async () => {
    const made = bare()
    await down(made)
    const waiting = [made.pass(), made.pass(), made.pass()]
    await made.clock.advance("1s")
    expect(made.calls).toHaveLength(2)
    waiting.push(made.pass("impatient"))
    await made.clock.settle()
    expect(made.calls).toHaveLength(2)
    await made.answer(1, reached)
    expect(made.calls).toHaveLength(5)
    for (const index of [2, 3, 4]) await made.answer(index, reached)
    expect(await Promise.all(waiting)).toEqual(Array(4).fill(reached))
  })

  it("lets the impatient go with the error of the probe that they waited for, and the patient wait on", async () => {
    const made = bare()
    await down(made)
    const patient = [made.pass(), made.pass()]
    await made.clock.advance("125ms")
    const impatient = made.pass("impatient")
    await made.answer(1, failed("TIMEOUT"))
    expect(await patient[0]).toMatchObject({ result: { code: "TIMEOUT" } })
    expect(await impatient).toMatchObject({ code: "TIMEOUT" })
    expect(await stateOf(patient[1] as Promise<unknown>, made.clock)).toBe("pending")
    // The next in the queue is the next probe.
    await made.clock.advance("1s")
    expect(made.calls).toHaveLength(3)
    await made.answer(2, reached)
    expect(await patient[1]).toBe(reached)
  })

  it("looks at how patient one is when it matters, not when one came", async () => {
    const made = bare()
    await down(made)
    const probe = made.pass()
    await made.clock.advance("125ms")
    let patience: Patience = "patient"
    const changing = made.pass(() => patience)
    await made.clock.settle()
    patience = "impatient"
    await made.answer(1, failed())
    expect(isSecretError(await changing)).toBe(true)
    await probe
  })

  it("grows its pauses with every failure, with jitter, up to the longest", async () => {
    const made = bare(60_000, 0.999)
    const pauses: number[] = []
    for (let failure = 0; failure < 12; failure++) {
      await down(made)
      pauses.push(made.backoff.nextProbe - made.clock.monotonic())
      await made.clock.advance(`${Math.ceil(pauses.at(-1) ?? 0)}ms`)
    }
    expect(pauses.slice(0, 4).map(Math.round)).toEqual([250, 1_000, 1_499, 2_498])
    expect(pauses.every((pause, index) => pause >= (pauses[index - 1] ?? 0))).toBe(true)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_500)
    expect(Math.max(...pauses)).toBeGreaterThan(15_000)
  })

  it("pauses no longer than half of the shortest time to live", async () => {
    const made = bare(2_000, 0.999)
    for (let failure = 0; failure < 12; failure++) {
      await down(made)
      expect(made.backoff.nextProbe - made.clock.monotonic()).toBeLessThanOrEqual(2_500)
      await made.clock.advance("3s")
    }
  })

  it("pauses as long as the backend asks", async () => {
    const made = bare()
    await down(made, failed("UNAVAILABLE", 90_000))
    expect(made.backoff.nextProbe).toBe(90_000)
  })

  it("begins with short pauses again, once the store was reached", async () => {
    const made = bare(60_000, 0.999)
    for (let failure = 0; failure < 6; failure++) {
      await down(made)
      await made.clock.advance("40s")
    }
    await down(made, reached)
    await down(made)
    expect(made.backoff.nextProbe - made.clock.monotonic()).toBeLessThanOrEqual(250)
  })

  it("counts calls that failed together as one failure", async () => {
    const made = bare(60_000, 0.999)
    const together = [made.pass(), made.pass(), made.pass()]
    await made.clock.settle()
    for (const index of [0, 1, 2]) await made.answer(index, failed())
    await Promise.all(together)
    expect(made.backoff.nextProbe).toBeLessThanOrEqual(250)
  })

  it("learns nothing from an answer to a call that began before the store went down", async () => {
    const made = bare()
    const slow = made.pass()
    await made.clock.settle()
    const fast = made.pass()
    await made.clock.settle()
    await made.answer(1, failed())
    await fast
    await made.answer(0, reached)
    expect(await slow).toBe(reached)
    expect(made.backoff.error).toMatchObject({ code: "UNAVAILABLE" })
    expect(made.recoveries).toEqual([])
  })

  it("sends the next in the queue when a probe is abandoned", async () => {
    const made = bare()
    await down(made)
    const leaving = new AbortController()
    const abandoned = made.pass("patient", leaving.signal)
    const next = made.pass()
    await made.clock.advance("125ms")
    expect(made.calls).toHaveLength(2)
    leaving.abort()
    await made.answer(1, { ...failed(), result: new SecretError("ABORTED"), reached: true })
    await abandoned
    expect(made.recoveries).toEqual([])
    await made.clock.advance("499ms")
    expect(made.calls).toHaveLength(2)
    await made.clock.advance("1ms")
    expect(made.calls).toHaveLength(3)
    await made.answer(2, reached)
    expect(await next).toBe(reached)
  })

  it("sends whoever comes next when a probe is abandoned and nobody waits", async () => {
    const made = bare()
    await down(made)
    const leaving = new AbortController()
    const abandoned = made.pass("patient", leaving.signal)
    await made.clock.advance("125ms")
    leaving.abort()
    await made.answer(1, undefined)
    expect(await abandoned).toBe("left")
    await made.clock.advance("500ms")
    const next = made.pass("impatient")
    await made.clock.settle()
    expect(made.calls).toHaveLength(3)
    await made.answer(2, reached)
    expect(await next).toBe(reached)
  })

  it("lets go of those who leave the queue, and leaves no timer for them", async () => {
    const made = bare()
    await down(made, failed("UNAVAILABLE", 3_600_000))
    const leaving = new AbortController()
    const waiting = made.pass("patient", leaving.signal)
    await made.clock.settle()
    expect(made.clock.pending).toHaveLength(1)
    leaving.abort()
    await made.clock.settle()
    expect(made.clock.pending).toEqual([])
    await made.answer(1, undefined)
    expect(await waiting).toBe("left")
  })

  it("calls those back who were let go but have not sent anything when the store fails", async () => {
    const made = bare()
    const asked: boolean[] = []
    const late = gate()
    const queued = made.backoff.pass(
      async mayGo => {
        await late.promise
        asked.push(mayGo())
        return mayGo() ? reached : undefined
      },
      () => "patient",
      new AbortController().signal,
    )
    await down(made)
    late.open()
    await made.clock.settle()
    expect(asked).toEqual([false])
    await made.clock.advance("125ms")
    expect(await queued).toBe(reached)
    expect(asked).toEqual([false, true])
  })

  it("lets everybody go when it is closed", async () => {
    const made = bare()
    await down(made)
    const closing = new AbortController()
    const waiting = [made.pass("patient", closing.signal), made.pass("patient", closing.signal)]
    await made.clock.settle()
    closing.abort()
    made.backoff.close()
    await made.clock.settle()
    await made.answer(1, undefined)
    await made.answer(2, undefined)
    expect(await Promise.all(waiting)).toEqual(["left", "left"])
    expect(made.clock.pending).toEqual([])
  })

  it("tells an outcome that is none of one's own from one that is", () => {
    expect(isPostponed(reached)).toBe(false)
    expect(isPostponed(new SecretError("TIMEOUT"))).toBe(false)
    expect(isPostponed({ postponedUntil: 1, error: new SecretError("TIMEOUT") })).toBe(true)
  })
})

describe("a refresh that is postponed because the store is down", () => {
  it("comes as soon as the store is probed again, not a time to live later", async () => {
    const { secrets, store, clock } = rig(
      (clock, { text }) =>
        faulty(without(memory({ a: text, bad: text }, { clock }), "readMany") as SecretStore),
      { ttl: "10m", jitter: "0%" },
    )
    const handle = await secrets.get("a")
    await untilDue(secrets, clock, "a", 50)
    store.faults.fail("read", new SecretError("UNAVAILABLE", { retryAfterMs: 2_000 }), { times: 1 })
    const bad = secrets.get("bad")
    await clock.settle()
    store.calls.clear()
    await clock.advance("60ms")
    expect(store.calls.count("read", "a")).toBe(0)
    expect(secrets.health().secrets.find(each => each.name === "a")?.nextRefresh).toBeLessThan(2_500)
    await clock.advance("3s")
    expect(store.calls.count("read", "a")).toBe(1)
    expect(handle.status.stale).toBe(false)
    await bad
  })
})

/** Goes on to so many milliseconds before a name is due. */
async function untilDue(
  secrets: { health(): { secrets: readonly { name: string; nextRefresh?: number }[] } },
  clock: FakeClock,
  name: string,
  before: number,
): Promise<void> {
  const due = secrets.health().secrets.find(each => each.name === name)?.nextRefresh ?? 0
  await clock.advance(`${due - before}ms`)
}
