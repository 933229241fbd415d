import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { isSecretError, SecretError, type SecretStore, type StoredSecret } from "../../src/core/index.ts"
import { type Faulty, faulty } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { reference } from "./reference-store.ts"

const calm = (): { signal: AbortSignal } => ({ signal: new AbortController().signal })

async function stocked(): Promise<{
  store: Required<SecretStore> & Faulty
  clock: ReturnType<typeof checkedFakeClock>
  put(name: string, value: string): Promise<void>
}> {
  const harness = reference()
  const clock = checkedFakeClock()
  for (const name of ["a", "b", "c"]) await harness.put(name, `value of ${name}`)
  return {
    store: faulty(harness.store, { clock }) as Required<SecretStore> & Faulty,
    clock,
    put: harness.put,
  }
}

/** What became of a call, as a text. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    const answer = (await call) as Partial<StoredSecret> | undefined
    return typeof answer?.value === "string" ? answer.value : "answered"
  } catch (thrown) {
    return isSecretError(thrown) ? thrown.code : `thrown: ${String(thrown)}`
  }
}

/** Notes what becomes of a call, and leaves it alone. */
function follow(call: Promise<unknown>, into: string[]): void {
  void outcome(call).then(text => into.push(text))
}

describe("a faulty store without a fault", () => {
  it("passes everything through", async () => {
    const { store } = await stocked()
    expect(await outcome(store.read("a", calm()))).toBe("value of a")
    expect(await outcome(store.read("missing", calm()))).toBe("NOT_FOUND")
    expect((await store.readMany(["a", "b"], calm())).size).toBe(2)
    expect((await store.write("d", "new", calm())).current).toBe(true)
    const listed: string[] = []
    for await (const info of store.list(calm())) listed.push(info.name)
    expect(listed.sort()).toEqual(["a", "b", "c", "d"])
    for await (const info of store.versions("d", calm())) expect(info.current).toBe(true)
    await store.delete("d", calm())
    await store.ping(calm())
    await store.close()
    expect(store.canonical("A--B")).toBe("a/b")
  })

  it("has just the optional methods of the store, and what else that has", () => {
    const bare = faulty(reference({ operations: [] }).store)
    for (const method of ["readMany", "write", "list", "versions", "delete", "watch"])
      expect(method in bare, method).toBe(false)
    const more = faulty(Object.assign({ ...reference().store }, { extra: () => 7 }))
    expect(more.extra()).toBe(7)
    expect("watch" in more).toBe(true)
  })
})

describe("the calls of a faulty store", () => {
  it("are counted by operation and name, without values", async () => {
    const canary = newCanary()
    const { store } = await stocked()
    const { version } = await store.write("a", canary.text, calm())
    await store.read("a", { ...calm(), version })
    await store.read("b", calm())
    await store.readMany(["a", "b"], calm())
    canary.watch(store, [...store.calls])
    expect([...store.calls]).toEqual([
      { operation: "write", names: ["a"] },
      { operation: "read", names: ["a"], version },
      { operation: "read", names: ["b"] },
      { operation: "readMany", names: ["a", "b"] },
    ])
    expect(store.calls.count()).toBe(4)
    expect(store.calls.count("read")).toBe(2)
    expect(store.calls.count("read", "a")).toBe(1)
    expect(store.calls.count("readMany", "b")).toBe(1)
    expect(store.calls.count("delete")).toBe(0)
  })

  it("tell how many were under way at once", async () => {
    const { store } = await stocked()
    store.faults.hang("read")
    const calls = [store.read("a", calm()), store.read("a", calm()), store.read("b", calm())]
    expect(store.calls.underWay()).toBe(3)
    expect(store.calls.underWay("read", "b")).toBe(1)
    await store.faults.heal()
    await Promise.all(calls)
    expect(store.calls.underWay()).toBe(0)
    expect(store.calls.mostAtOnce("read")).toBe(3)
    expect(store.calls.mostAtOnce("read", "a")).toBe(2)
    expect(store.calls.mostAtOnce("write")).toBe(0)
  })

  it("can be forgotten, but for those that are under way", async () => {
    const { store } = await stocked()
    await Promise.all([store.read("b", calm()), store.read("b", calm())])
    store.faults.hang("read")
    const pending = store.read("a", calm())
    store.calls.clear()
    expect([...store.calls]).toEqual([{ operation: "read", names: ["a"] }])
    expect(store.calls.mostAtOnce("read")).toBe(1)
    expect(store.calls.mostAtOnce("read", "b")).toBe(0)
    await store.faults.heal()
    expect(await outcome(pending)).toBe("value of a")
  })
})

describe("a call that hangs", () => {
  it("does not answer until it is released, and asks the store only then", async () => {
    const { store, clock, put } = await stocked()
    const fault = store.faults.hang("read")
    const outcomes: string[] = []
    follow(store.read("a", calm()), outcomes)
    await clock.advance("1h")
    expect(outcomes).toEqual([])
    expect(store.faults.waiting).toBe(1)
    expect(fault.struck).toBe(1)
    await put("a", "newer")
    await store.faults.release()
    expect(outcomes).toEqual(["newer"])
    expect(store.faults.waiting).toBe(0)
  })

  it("has the answer of the time when it was asked, if only the answer hangs", async () => {
    const { store, put } = await stocked()
    store.faults.hang("read", { when: "after" })
    const late = store.read("a", calm())
    await new Promise(resolve => setImmediate(resolve))
    await put("a", "newer")
    await store.faults.release()
    expect(await outcome(late)).toBe("value of a")
  })

  it("ends when its signal aborts, before or meanwhile", async () => {
    const { store } = await stocked()
    store.faults.hang("all")
    expect(await outcome(store.read("a", { signal: AbortSignal.abort() }))).toBe("ABORTED")
    const controller = new AbortController()
    const pending = [
      outcome(store.read("a", controller)),
      outcome(store.ping(controller)),
      outcome(store.readMany(["a", "b"], controller)),
    ]
    controller.abort()
    expect(await Promise.all(pending)).toEqual(["ABORTED", "ABORTED", "ABORTED"])
    expect(store.faults.waiting).toBe(0)
  })

  it("leaves no listener on its signal when it is released", async () => {
    const { store } = await stocked()
    store.faults.hang("ping")
    const { signal } = new AbortController()
    const pending = store.ping({ signal })
    expect(getEventListeners(signal, "abort")).toHaveLength(1)
    await store.faults.heal()
    await pending
    expect(getEventListeners(signal, "abort")).toEqual([])
  })

  it("goes on hanging after its signal has aborted if the store is deaf", async () => {
    const { store, clock } = await stocked()
    store.faults.hang("read", { deaf: true, when: "after" })
    const outcomes: string[] = []
    const controller = new AbortController()
    follow(store.read("a", controller), outcomes)
    await clock.settle()
    controller.abort()
    await clock.settle()
    expect(outcomes).toEqual([])
    await store.faults.release()
    expect(outcomes).toEqual(["value of a"])
  })

  it("strikes every operation but close, where all are meant", async () => {
    const { store, clock } = await stocked()
    store.faults.hang("all")
    const outcomes: string[] = []
    const all = [
      store.read("a", calm()),
      store.readMany(["a"], calm()),
      store.write("a", "x", calm()),
      store.delete("b", calm()),
      store.ping(calm()),
      store.watch(() => undefined, { ...calm(), failed: () => undefined }),
      store.list(calm())[Symbol.asyncIterator]().next(),
      store.versions("a", calm())[Symbol.asyncIterator]().next(),
    ]
    for (const call of all) follow(call, outcomes)
    await clock.settle()
    expect(outcomes).toEqual([])
    await store.close()
    await store.faults.heal()
    await Promise.all(all)
    expect(outcomes).toHaveLength(8)
  })

  it("is released newest first, if that is wished", async () => {
    const { store, clock } = await stocked()
    store.faults.hang("read", { when: "after" })
    const outcomes: string[] = []
    for (const name of ["a", "b", "c"]) follow(store.read(name, calm()), outcomes)
    await clock.settle()
    await store.faults.release("newest first")
    expect(outcomes).toEqual(["value of c", "value of b", "value of a"])
  })
})

describe("a call that is late", () => {
  it("answers when its time has come by the clock", async () => {
    const { store, clock } = await stocked()
    store.faults.delay("read", "2s")
    const outcomes: string[] = []
    follow(store.read("a", calm()), outcomes)
    await clock.advance("1999ms")
    expect(outcomes).toEqual([])
    await clock.advance("1ms")
    expect(outcomes).toEqual(["value of a"])
  })

  it("leaves no timer when its signal aborts", async () => {
    const { store, clock } = await stocked()
    store.faults.delay("read", "2s")
    const controller = new AbortController()
    const pending = outcome(store.read("a", controller))
    await clock.settle()
    controller.abort()
    expect(await pending).toBe("ABORTED")
    expect(clock.pending).toEqual([])
  })

  it("can be released before its time", async () => {
    const { store, clock } = await stocked()
    store.faults.delay("read", "2s")
    const pending = outcome(store.read("a", calm()))
    await clock.settle()
    await store.faults.heal()
    expect(await pending).toBe("value of a")
  })

  it("waits by the clock of the machine where no other is given", async () => {
    const store = faulty(reference().store)
    store.faults.delay("ping", "1ms")
    expect(await outcome(store.ping(calm()))).toBe("answered")
  })
})

describe("answers that are reordered", () => {
  it("come in the reverse order, group by group", async () => {
    const { store, clock, put } = await stocked()
    store.faults.reorder("read", 2)
    const outcomes: string[] = []
    follow(store.read("a", calm()), outcomes)
    await clock.settle()
    await put("a", "second")
    follow(store.read("a", calm()), outcomes)
    await clock.settle()
    expect(outcomes).toEqual(["second", "value of a"])
    follow(store.read("b", calm()), outcomes)
    await clock.settle()
    expect(outcomes).toHaveLength(2)
    follow(store.read("c", calm()), outcomes)
    await clock.settle()
    expect(outcomes.slice(2)).toEqual(["value of c", "value of b"])
  })

  it("do not wait for one whose caller has left", async () => {
    const { store, clock } = await stocked()
    store.faults.reorder("read", 2)
    const controller = new AbortController()
    const left = outcome(store.read("a", controller))
    await clock.settle()
    controller.abort()
    expect(await left).toBe("ABORTED")
    const outcomes: string[] = []
    follow(store.read("b", calm()), outcomes)
    await clock.settle()
    expect(outcomes).toEqual([])
    follow(store.read("c", calm()), outcomes)
    await clock.settle()
    expect(outcomes).toEqual(["value of c", "value of b"])
  })
})

describe("a call that fails", () => {
  it("fails with an error of the code, about this secret and this store", async () => {
    const { store } = await stocked()
    store.faults.fail("read", "THROTTLED")
    await expect(store.read("a", calm())).rejects.toMatchObject({
      code: "THROTTLED",
      secret: "a",
      store: "reference:test",
      transient: true,
    })
  })

  it("fails with just the error that is given", async () => {
    const { store } = await stocked()
    const error = new SecretError("THROTTLED", { retryAfterMs: 5_000 })
    store.faults.fail(["read", "ping"], error)
    await expect(store.read("a", calm())).rejects.toBe(error)
    await expect(store.ping(calm())).rejects.toBe(error)
    await expect(store.readMany(["a"], calm())).resolves.toBeInstanceOf(Map)
  })

  it("has done its work all the same, if only the answer is lost", async () => {
    const { store } = await stocked()
    store.faults.fail("write", new SecretError("UNAVAILABLE", { outcome: "unknown" }), {
      when: "after",
      times: 1,
    })
    await expect(store.write("a", "written", calm())).rejects.toMatchObject({ outcome: "unknown" })
    expect(await outcome(store.read("a", calm()))).toBe("written")
  })

  it("fails for one name only, and so many times only", async () => {
    const { store } = await stocked()
    const fault = store.faults.fail("read", "DENIED", { name: "a", times: 2 })
    const outcomes: string[] = []
    for (const name of ["a", "b", "a", "a"]) outcomes.push(await outcome(store.read(name, calm())))
    expect(outcomes).toEqual(["DENIED", "value of b", "DENIED", "value of a"])
    expect(fault.struck).toBe(2)
  })

  it("fails until the fault is ended or its scope is left", async () => {
    const { store } = await stocked()
    {
      using fault = store.faults.fail("read", "UNAVAILABLE")
      expect(await outcome(store.read("a", calm()))).toBe("UNAVAILABLE")
      expect(fault.struck).toBe(1)
    }
    expect(await outcome(store.read("a", calm()))).toBe("value of a")
    const fault = store.faults.fail("read", "UNAVAILABLE")
    fault.end()
    expect(await outcome(store.read("a", calm()))).toBe("value of a")
  })

  it("flaps by a pattern", async () => {
    const { store } = await stocked()
    store.faults.flap("read", "--x")
    const outcomes: string[] = []
    for (let call = 0; call < 7; call++) outcomes.push(await outcome(store.read("a", calm())))
    const good = "value of a"
    expect(outcomes).toEqual([good, good, "UNAVAILABLE", good, good, "UNAVAILABLE", good])
  })

  it("refuses a pattern that is none, or that never strikes", async () => {
    const { store } = await stocked()
    for (const pattern of ["", "---", "x o"])
      expect(() => store.faults.flap("read", pattern)).toThrow(SecretError)
  })

  it("throws whatever is wished", async () => {
    const { store } = await stocked()
    for (const thrown of [null, undefined, "a text", 7, new TypeError("of somebody else")]) {
      using _ = store.faults.throw("read", thrown)
      await expect(store.read("a", calm())).rejects.toBe(thrown)
    }
  })

  it("fails a listing before its first item", async () => {
    const { store } = await stocked()
    const items = async (): Promise<number> => {
      let count = 0
      for await (const info of store.list(calm())) count += info.name.length
      return count
    }
    store.faults.fail("list", "UNAVAILABLE", { times: 1 })
    expect(await outcome(items())).toBe("UNAVAILABLE")
    expect(await items()).toBe(3)
    store.faults.fail("versions", "DENIED", { name: "a" })
    expect(await outcome(store.versions("a", calm())[Symbol.asyncIterator]().next())).toBe("DENIED")
  })
})

describe("an answer that is changed", () => {
  it("is changed in reads of one and of many, for its name only", async () => {
    const { store } = await stocked()
    store.faults.change(answer => ({ ...answer, value: "changed" }), { name: "a" })
    expect(await outcome(store.read("a", calm()))).toBe("changed")
    expect(await outcome(store.read("b", calm()))).toBe("value of b")
    const answers = await store.readMany(["a", "b", "missing"], calm())
    expect(answers.get("a")).toMatchObject({ value: "changed" })
    expect(answers.get("b")).toMatchObject({ value: "value of b" })
    expect(answers.get("missing")).toMatchObject({ code: "NOT_FOUND" })
  })

  it("can become an error, for one of many, too", async () => {
    const { store } = await stocked()
    store.faults.change((_, name) => new SecretError("DENIED", { secret: name }), { name: "a" })
    await expect(store.read("a", calm())).rejects.toMatchObject({ code: "DENIED", secret: "a" })
    const answers = await store.readMany(["a", "b"], calm())
    expect(answers.get("a")).toMatchObject({ code: "DENIED" })
    expect(answers.get("b")).toMatchObject({ value: "value of b" })
  })

  it("repeats a version with another value", async () => {
    const { store, put } = await stocked()
    store.faults.repeatVersion()
    const first = await store.read("a", calm())
    await put("a", "another value")
    const second = await store.read("a", calm())
    expect(second).toMatchObject({ value: "another value", version: first.version })
    expect((await store.readMany(["a"], calm())).get("a")).toMatchObject({ version: first.version })
    await store.faults.heal()
    expect((await store.read("a", calm())).version).not.toBe(first.version)
  })
})

describe("a watch on a faulty store", () => {
  it("gets the hints of the store, and false ones", async () => {
    const { store, put } = await stocked()
    const hints: (string | undefined)[] = []
    const controller = new AbortController()
    await store.watch(name => hints.push(name), { signal: controller.signal, failed: () => undefined })
    await put("a", "newer")
    store.faults.hint("b")
    store.faults.hint()
    expect(hints).toEqual(["a", "b", undefined])
    controller.abort()
    store.faults.hint("b")
    expect(hints).toHaveLength(3)
  })

  it("ends with an error, once, and can be armed again", async () => {
    const { store } = await stocked()
    const failures: string[] = []
    const arm = (): Promise<void> =>
      store.watch(() => failures.push("hint"), { ...calm(), failed: error => failures.push(error.code) })
    await arm()
    store.faults.failWatches("UNAVAILABLE")
    store.faults.failWatches(new SecretError("DENIED"))
    store.faults.hint()
    expect(failures).toEqual(["UNAVAILABLE"])
    await arm()
    store.faults.failWatches(new SecretError("DENIED"))
    expect(failures).toEqual(["UNAVAILABLE", "DENIED"])
  })

  it("is not armed where arming fails, or was ended while it was armed", async () => {
    const { store } = await stocked()
    store.faults.fail("watch", "UNAVAILABLE", { times: 1 })
    const hints: unknown[] = []
    const arm = (signal: AbortSignal): Promise<void> =>
      store.watch(name => hints.push(name), { signal, failed: () => undefined })
    expect(await outcome(arm(calm().signal))).toBe("UNAVAILABLE")
    store.faults.hang("watch", { when: "after", deaf: true })
    const controller = new AbortController()
    const arming = arm(controller.signal)
    await new Promise(resolve => setImmediate(resolve))
    controller.abort()
    await store.faults.heal()
    await arming
    store.faults.hint("a")
    expect(hints).toEqual([])
  })

  it("has ended in the store, too, once it failed", async () => {
    const { store, put } = await stocked()
    const told: unknown[] = []
    const { signal } = new AbortController()
    await store.watch(name => told.push(name), { signal, failed: error => told.push(error.code) })
    store.faults.failWatches("UNAVAILABLE")
    await put("a", "another value")
    expect(told).toEqual(["UNAVAILABLE"])
    expect(getEventListeners(signal, "abort")).toEqual([])
  })

  it("leaves no listener where arming fails", async () => {
    const { store } = await stocked()
    store.faults.fail("watch", "UNAVAILABLE")
    const { signal } = new AbortController()
    await outcome(store.watch(() => undefined, { signal, failed: () => undefined }))
    expect(getEventListeners(signal, "abort")).toEqual([])
  })

  it("fails as the store says, and then once", async () => {
    let failInside: (error: SecretError) => void = () => undefined
    const { store } = reference()
    const wrapped = faulty({
      ...store,
      watch: async (_hint: unknown, options: { failed(error: SecretError): void }) => {
        failInside = error => options.failed(error)
      },
    })
    const failures: string[] = []
    await wrapped.watch(() => undefined, { ...calm(), failed: error => failures.push(error.code) })
    failInside(new SecretError("DENIED"))
    wrapped.faults.failWatches("UNAVAILABLE")
    expect(failures).toEqual(["DENIED"])
  })
})

describe("a fault with a slip in it", () => {
  // What plain JavaScript can say.
  type Loose = Record<string, (...args: unknown[]) => unknown>

  it.each([
    ["an operation", (faults: Loose) => faults.fail?.("reed", "DENIED"), /readMany, .*"all"/],
    ["an operation among others", (faults: Loose) => faults.hang?.(["read", "reed"]), /readMany/],
    ["no operation", (faults: Loose) => faults.delay?.([], "1s"), /readMany/],
    ["nothing", (faults: Loose) => faults.throw?.(undefined, null), /readMany/],
    ["a code", (faults: Loose) => faults.fail?.("read", "NOPE"), /NOT_FOUND, DENIED/],
    ["a code that every object has", (faults: Loose) => faults.fail?.("read", "toString"), /NOT_FOUND/],
    ["an error of somebody else's", (faults: Loose) => faults.fail?.("read", new Error("x")), /throw\(\)/],
    ["a code for watches", (faults: Loose) => faults.failWatches?.("NOPE"), /NOT_FOUND, DENIED/],
  ])("is refused with what exists: %s", async (_, slip, hint) => {
    const { store } = await stocked()
    const error = await outcomeOf(() => slip(store.faults as unknown as Loose))
    expect(error?.code).toBe("MISCONFIGURED")
    expect(error?.hint).toMatch(hint)
    expect(await outcome(store.read("a", calm()))).toBe("value of a")
  })
})

async function outcomeOf(call: () => unknown): Promise<SecretError | undefined> {
  try {
    await call()
  } catch (thrown) {
    if (isSecretError(thrown)) return thrown
    throw thrown
  }
  return undefined
}
