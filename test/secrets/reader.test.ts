import { describe, expect, it } from "vitest"
import { SecretError, type StoredSecret } from "../../src/core/index.ts"
import { type Answer, Reader } from "../../src/secrets/reader.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { failureOf, gate, never, scripted } from "../support/rig.ts"

const forEver = new AbortController().signal

describe("a read that the store answers", () => {
  it("gives what the store gave, with the time and the place of its beginning", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const answer = gate<StoredSecret>()
    const reader = new Reader(scripted({ read: () => answer.promise }), clock)
    const earlier = reader.order
    const reading = reader.read("db", { timeout: 5_000, signal: forEver })
    await clock.advance("2s")
    answer.open({ value: canary.text, version: "v1" })
    expect(await reading).toEqual({
      order: earlier + 1,
      at: { monotonic: 0, wall: Date.parse("2026-01-01") },
      result: { value: canary.text, version: "v1" },
      reached: true,
    })
    expect(clock.pending).toEqual([])
  })

  it("takes later places for later reads, in the order of their beginnings and not of their answers", async () => {
    const clock = checkedFakeClock()
    const answers = [gate<StoredSecret>(), gate<StoredSecret>()]
    let asked = 0
    const read = async () => await (answers[asked++]?.promise ?? never())
    const reader = new Reader(scripted({ read }), clock)
    const one = reader.read("a", { timeout: 5_000, signal: forEver })
    const other = reader.read("a", { timeout: 5_000, signal: forEver })
    answers[1]?.open({ value: "late", version: "v2" })
    answers[0]?.open({ value: "early", version: "v1" })
    expect((await one).order).toBeLessThan((await other).order)
  })

  it("asks for the version that is wanted, and for none otherwise", async () => {
    const asked: unknown[] = []
    const read = async (name: string, { version }: { version?: string }) => {
      asked.push([name, version])
      return { value: "x", version: "v1" }
    }
    const reader = new Reader(scripted({ read }, { versionedReads: true }), checkedFakeClock())
    await reader.read("a", { timeout: 1, signal: forEver }, "v7")
    await reader.read("a", { timeout: 1, signal: forEver })
    expect(asked).toEqual([
      ["a", "v7"],
      ["a", undefined],
    ])
  })

  it("counts as having reached the store when it is refused for a reason of its own", async () => {
    const clock = checkedFakeClock()
    const reached = async (code: SecretError["code"]) => {
      const read = async () => {
        throw new SecretError(code)
      }
      return (await new Reader(scripted({ read }), clock).read("a", { timeout: 9, signal: forEver })).reached
    }
    for (const code of ["NOT_FOUND", "DENIED", "DISABLED", "INVALID_VALUE"] as const)
      expect(await reached(code)).toBe(true)
    for (const code of ["THROTTLED", "UNAVAILABLE", "TIMEOUT", "UNAUTHENTICATED"] as const)
      expect(await reached(code)).toBe(false)
  })
})

describe("a read that the store does not answer", () => {
  it("ends with TIMEOUT after its time, although the store ignores the signal", async () => {
    const clock = checkedFakeClock()
    const reader = new Reader(scripted({ read: never }), clock)
    const answer: Promise<Answer> = reader.read("db", { timeout: 5_000, signal: forEver })
    await clock.advance("4999ms")
    expect(clock.pending).toHaveLength(1)
    await clock.advance("1ms")
    const { result, reached } = await answer
    expect(result).toMatchObject({ code: "TIMEOUT", secret: "db", store: "scripted:", transient: true })
    expect((result as SecretError).message).toContain("no answer within 5000 ms")
    expect(reached).toBe(false)
  })

  it("tells the store so through the signal, as soon as its time is over", async () => {
    const clock = checkedFakeClock()
    let told: AbortSignal | undefined
    const read = (_: string, { signal }: { signal: AbortSignal }) => {
      told = signal
      return never()
    }
    const answer = new Reader(scripted({ read }), clock).read("db", { timeout: 50, signal: forEver })
    await clock.settle()
    expect(told?.aborted).toBe(false)
    await clock.advance("50ms")
    expect(told?.aborted).toBe(true)
    await answer
  })

  it("ends at once with ABORTED when the caller's signal does, and tells the store", async () => {
    const clock = checkedFakeClock()
    let told: AbortSignal | undefined
    const read = (_: string, { signal }: { signal: AbortSignal }) => {
      told = signal
      return never()
    }
    const caller = new AbortController()
    const answer = new Reader(scripted({ read }), clock).read("db", { timeout: 50, signal: caller.signal })
    await clock.settle()
    caller.abort()
    expect((await answer).result).toMatchObject({ code: "ABORTED", secret: "db" })
    expect(told?.aborted).toBe(true)
    expect(clock.pending).toEqual([])
  })

  it("is not begun when the signal has aborted before", async () => {
    let asked = 0
    const read = () => {
      asked += 1
      return never()
    }
    const reader = new Reader(scripted({ read }), checkedFakeClock())
    const { result } = await reader.read("db", { timeout: 50, signal: AbortSignal.abort() })
    expect(result).toMatchObject({ code: "ABORTED" })
    expect(asked).toBe(0)
  })

  it("leaves no rejection unhandled when the store fails after its time", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const answer = gate<StoredSecret>()
    const reader = new Reader({ ...scripted({}), read: () => answer.promise }, clock)
    const reading = reader.read("db", { timeout: 50, signal: forEver })
    await clock.advance("50ms")
    expect((await reading).result).toMatchObject({ code: "TIMEOUT" })
    answer.fail(canary.watch(new Error("late")))
    await clock.settle()
  })

  it("drops an answer that comes after its time", async () => {
    const clock = checkedFakeClock()
    const answer = gate<StoredSecret>()
    const reader = new Reader(scripted({ read: () => answer.promise }), clock)
    const reading = reader.read("db", { timeout: 50, signal: forEver })
    await clock.advance("50ms")
    answer.open({ value: "late", version: "v1" })
    expect((await reading).result).toMatchObject({ code: "TIMEOUT" })
  })

  it("does not listen to the caller's signal any longer than it lasts", async () => {
    const clock = checkedFakeClock()
    const listeners = new Set<unknown>()
    const { signal } = new AbortController()
    signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener)
    signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener)
    const reader = new Reader(scripted({ read: never }), clock)
    const reading = reader.read("db", { timeout: 50, signal })
    await clock.settle()
    expect(listeners.size).toBe(1)
    await clock.advance("50ms")
    await reading
    expect(listeners.size).toBe(0)
  })
})

describe("whatever the store throws", () => {
  const canary = { text: "" }
  const thrown: Record<string, () => unknown> = {
    null: () => null,
    undefined: () => undefined,
    "a string": () => `token ${canary.text}`,
    "a number": () => 7,
    "an error of somebody else": () =>
      Object.assign(new TypeError(`bad token ${canary.text}`), { headers: { authorization: canary.text } }),
    "an object that looks like ours": () => ({ code: "NOT_FOUND", message: canary.text, transient: false }),
    "a proxy that answers everything by throwing": () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new Error(canary.text)
          },
          getPrototypeOf: () => {
            throw new Error(canary.text)
          },
        },
      ),
    "an object with a getter that throws": () =>
      Object.defineProperty({}, Symbol.for("latchkey.SecretError"), {
        get: () => {
          throw new Error(canary.text)
        },
      }),
  }
  for (const [what, make] of Object.entries(thrown)) {
    for (const how of ["a rejection", "a synchronous throw"]) {
      it(`becomes UNAVAILABLE, without its words: ${what}, as ${how}`, async () => {
        const real = newCanary()
        canary.text = real.text
        const read = () => {
          if (how === "a rejection") return Promise.reject(make())
          throw make()
        }
        const reader = new Reader({ ...scripted({}), read }, checkedFakeClock())
        const { result, reached } = await reader.read("db", { timeout: 50, signal: forEver })
        expect(real.watch(result)).toMatchObject({ code: "UNAVAILABLE", secret: "db", store: "scripted:" })
        expect((result as SecretError).cause).toBeUndefined()
        expect(reached).toBe(false)
      })
    }
  }

  it("is wrapped once: an error of ours comes back as it is", async () => {
    const error = new SecretError("DENIED", { secret: "db", store: "elsewhere:", requestId: "r-1" })
    const read = async () => {
      throw error
    }
    const reader = new Reader({ ...scripted({}), read }, checkedFakeClock())
    expect((await reader.read("db", { timeout: 50, signal: forEver })).result).toBe(error)
  })

  it("is completed, if it is an error of ours that does not say what it is about", async () => {
    const read = async () => {
      throw new SecretError("THROTTLED", { retryAfterMs: 3_000, hint: "slow down" })
    }
    const reader = new Reader({ ...scripted({}), read }, checkedFakeClock())
    const { result } = await reader.read("db", { timeout: 50, signal: forEver })
    expect(result).toMatchObject({
      code: "THROTTLED",
      secret: "db",
      store: "scripted:",
      retryAfterMs: 3_000,
      hint: "slow down",
    })
  })
})

describe("whatever the store answers that is no secret", () => {
  const odd: Record<string, unknown> = {
    nothing: undefined,
    null: null,
    text: "just text",
    "a value without a version": { value: "x" },
    "a version without a value": { version: "v1" },
    "a value that is a number": { value: 7, version: "v1" },
    "a version that is a number": { value: "x", version: 1 },
  }
  for (const [what, answer] of Object.entries(odd)) {
    it(`becomes UNAVAILABLE: ${what}`, async () => {
      const read = async () => answer as StoredSecret
      const reader = new Reader({ ...scripted({}), read }, checkedFakeClock())
      const single = await reader.read("db", { timeout: 50, signal: forEver })
      expect(single.result).toMatchObject({ code: "UNAVAILABLE", secret: "db", store: "scripted:" })

      const readMany = async () => new Map([["db", answer as StoredSecret]])
      const batch = new Reader({ ...scripted({}), readMany }, checkedFakeClock())
      const { answers } = await batch.readMany(["db"], { timeout: 50, signal: forEver })
      expect(answers.get("db")?.result).toMatchObject({ code: "UNAVAILABLE", secret: "db" })
    })
  }
})

describe("a request for many names", () => {
  it("answers for each name, with a secret or an error of its own", async () => {
    const denied = new SecretError("DENIED", { secret: "b", store: "scripted:" })
    const readMany = async () =>
      new Map<string, StoredSecret | SecretError>([
        ["a", { value: "1", version: "v1" }],
        ["b", denied],
      ])
    const reader = new Reader({ ...scripted({}), readMany }, checkedFakeClock())
    const { answers, failure } = await reader.readMany(["a", "b", "c"], { timeout: 50, signal: forEver })
    expect(failure).toBeUndefined()
    expect(answers.get("a")?.result).toEqual({ value: "1", version: "v1" })
    expect(answers.get("b")?.result).toBe(denied)
    expect(answers.get("c")?.result).toMatchObject({ code: "UNAVAILABLE", secret: "c" })
    expect(new Set([...answers.values()].map(answer => answer.order)).size).toBe(1)
  })

  it("answers for each name with what the whole request failed with", async () => {
    const readMany = async () => {
      throw new SecretError("THROTTLED", { retryAfterMs: 10 })
    }
    const reader = new Reader(scripted({ readMany }), checkedFakeClock())
    const { answers, failure } = await reader.readMany(["a", "b"], { timeout: 50, signal: forEver })
    expect(failure).toMatchObject({ code: "THROTTLED" })
    expect(failure?.secret).toBeUndefined()
    expect([...answers].map(([name, { result, reached }]) => [name, result, reached])).toMatchObject([
      ["a", { code: "THROTTLED", retryAfterMs: 10, secret: "a" }, false],
      ["b", { code: "THROTTLED", retryAfterMs: 10, secret: "b" }, false],
    ])
  })

  it("answers when the store gives something that is no map", async () => {
    const canary = newCanary()
    const readMany = async () => ({ get: canary.text }) as unknown as Map<string, StoredSecret>
    const reader = new Reader({ ...scripted({}), readMany }, checkedFakeClock())
    const { failure } = await reader.readMany(["a"], { timeout: 50, signal: forEver })
    expect(canary.watch(failure)).toMatchObject({ code: "UNAVAILABLE" })
  })
})

describe("any other call", () => {
  it("resolves with what the store gave", async () => {
    const reader = new Reader(scripted({}), checkedFakeClock())
    expect(await reader.call({ timeout: 50, signal: forEver }, async () => "done")).toBe("done")
  })
  it("says that it is about no secret, when it is about none", async () => {
    const clock = checkedFakeClock()
    const reader = new Reader(scripted({}), clock)
    const calling = failureOf(reader.call({ timeout: 50, signal: forEver }, never))
    await clock.advance("50ms")
    const error = await calling
    expect(error).toMatchObject({ code: "TIMEOUT", store: "scripted:" })
    expect(error.secret).toBeUndefined()
  })
})
