import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type StoredSecret } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { type Gate, gate, rig, scripted, without } from "../support/rig.ts"

/** A hundred and more names, with the canary in each value. */
const many = (count: number, canary: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, `${canary} ${index}`]))

const requestsFor = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, `name-${index}`]))

/** A store with batches of a given size, that remembers what it was asked. */
function batching(size: number, canary: string) {
  const batches: (readonly string[])[] = []
  const singles: string[] = []
  const store = scripted(
    {
      async readMany(names: readonly string[]) {
        batches.push(names)
        return new Map(names.map(name => [name, { value: `${canary} ${name}`, version: "v1" }]))
      },
      async read(name: string) {
        singles.push(name)
        return { value: `${canary} ${name}`, version: "v1" }
      },
    },
    { batchSize: size },
  )
  return { store, batches, singles }
}

describe("names that are asked for in one turn", () => {
  it("are read in one call where the store has a batch", async () => {
    const { secrets, store, canary } = rig((clock, { text }) => faulty(memory(many(100, text), { clock })))
    const handles = await secrets.getMany(requestsFor(100))
    expect(store.calls.count("readMany")).toBe(1)
    expect(store.calls.count("read")).toBe(0)
    expect(handles.key42?.reveal()).toBe(`${canary.text} 42`)
  })

  it("are read in one call although each was asked for by itself, one promise job after the other", async () => {
    const { secrets, store } = rig((clock, { text }) => faulty(memory(many(5, text), { clock })))
    const later = async (index: number) => {
      for (let job = 0; job < index; job++) await null
      return await secrets.get(`name-${index}`)
    }
    await Promise.all([0, 1, 2, 3, 4].map(later))
    expect(store.calls.count("readMany")).toBe(1)
  })

  it("are read in the next call when they come in the next turn", async () => {
    const { secrets, store, clock } = rig((clock, { text }) => faulty(memory(many(4, text), { clock })))
    const first = Promise.all([secrets.get("name-0"), secrets.get("name-1")])
    await clock.settle()
    await Promise.all([first, secrets.get("name-2"), secrets.get("name-3")])
    expect(
      Array.from(store.calls, call => [call.operation, call.names]).filter(([is]) => is === "readMany"),
    ).toEqual([
      ["readMany", ["name-0", "name-1"]],
      ["readMany", ["name-2", "name-3"]],
    ])
  })

  it("are read in as few calls as the size of a batch allows", async () => {
    let batches: (readonly string[])[] = []
    const { secrets } = rig((_, { text }) => {
      const made = batching(40, text)
      batches = made.batches
      return made.store
    })
    await secrets.getMany(requestsFor(100))
    expect(batches.map(names => names.length)).toEqual([40, 40, 20])
    expect(new Set(batches.flat()).size).toBe(100)
  })

  it("are read by a plain read when there is only one", async () => {
    let singles: string[] = []
    const { secrets } = rig((_, { text }) => {
      const made = batching(40, text)
      singles = made.singles
      return made.store
    })
    await secrets.get("name-1")
    expect(singles).toEqual(["name-1"])
  })

  it("have calls of their own when they have different time limits", async () => {
    let batches: (readonly string[])[] = []
    const { secrets } = rig((_, { text }) => {
      const made = batching(40, text)
      batches = made.batches
      return made.store
    })
    await secrets.getMany({
      a: { name: "name-0", callTimeout: "1s" },
      b: "name-1",
      c: { name: "name-2", callTimeout: "1s" },
      d: "name-3",
    })
    expect(batches).toEqual([
      ["name-0", "name-2"],
      ["name-1", "name-3"],
    ])
  })

  it("each end with the time limit of their own call", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      faulty(memory(many(4, text), { clock }), { clock }),
    )
    store.faults.hang(["readMany", "read"])
    const answered = failure(
      secrets.getMany(
        {
          a: { name: "name-0", callTimeout: "1s" },
          b: { name: "name-1", callTimeout: "1s" },
          c: { name: "name-2", callTimeout: "3s" },
          d: { name: "name-3", callTimeout: "3s" },
        },
        { startupDeadline: "3500ms" },
      ),
    )
    await clock.advance("4s")
    const { problems } = await answered
    expect(problems?.map(problem => [problem.secret, problem.code, problem.lastCode])).toEqual([
      ["name-0", "TIMEOUT", "TIMEOUT"],
      ["name-1", "TIMEOUT", "TIMEOUT"],
      ["name-2", "TIMEOUT", "TIMEOUT"],
      ["name-3", "TIMEOUT", "TIMEOUT"],
    ])
  })
})

describe("a store without batches", () => {
  it("is asked for at most ten names at once, and for every one", async () => {
    const { secrets, store, canary, clock } = rig((clock, { text }) =>
      faulty(without(memory(many(100, text), { clock }), "readMany"), { clock }),
    )
    store.faults.delay("read", "100ms")
    const reading = secrets.getMany(requestsFor(100))
    await clock.advance("2s")
    const handles = await reading
    expect(store.calls.mostAtOnce("read")).toBe(10)
    expect(store.calls.count("read")).toBe(100)
    expect(handles.key99?.reveal()).toBe(`${canary.text} 99`)
  })

  it("is asked for the next name as soon as one is answered", async () => {
    const answers = new Map<string, Gate<StoredSecret>>()
    const { secrets, clock } = rig(() =>
      scripted({
        read: (name: string) => {
          const answer = gate<StoredSecret>()
          answers.set(name, answer)
          return answer.promise
        },
      }),
    )
    const reading = secrets.getMany(requestsFor(12))
    await clock.settle()
    expect(answers.size).toBe(10)
    answers.get("name-3")?.open({ value: "x", version: "v1" })
    await clock.settle()
    expect([...answers.keys()].slice(10)).toEqual(["name-10"])
    for (let round = 0; round < 2; round++) {
      for (const answer of answers.values()) answer.open({ value: "x", version: "v1" })
      await clock.settle()
    }
    await reading
  })
})

describe("a batch in which some names fail", () => {
  it("gives the others all the same, and each of the failed ones its own error", async () => {
    const { secrets, store, canary } = rig((clock, { text }) => faulty(memory(many(4, text), { clock })))
    store.disable("name-1")
    store.faults.change(() => new SecretError("DENIED", { secret: "name-2", store: "memory:" }), {
      name: "name-2",
    })
    const settled = canary.watch(
      await secrets.getManySettled({ a: "name-0", b: "name-1", c: "name-2", d: "missing", e: "name-3" }),
    )
    expect(store.calls.count("readMany")).toBe(1)
    expect(settled.a).toMatchObject({ name: "name-0" })
    expect(settled.b).toMatchObject({ code: "DISABLED", secret: "name-1" })
    expect(settled.c).toMatchObject({ code: "DENIED", secret: "name-2" })
    expect(settled.d).toMatchObject({ code: "NOT_FOUND", secret: "missing" })
    expect("reveal" in settled.e && settled.e.reveal()).toBe(`${canary.text} 3`)
  })

  it("tries only those again that may succeed later", async () => {
    const asked: (readonly string[])[] = []
    const again: string[] = []
    const { secrets, clock } = rig((_, { text }) =>
      scripted({
        async read(name: string) {
          again.push(name)
          return { value: text, version: "v1" }
        },
        async readMany(names: readonly string[]) {
          asked.push(names)
          return new Map<string, StoredSecret | SecretError>(
            names.map(name => [
              name,
              name !== "name-0" ? new SecretError("UNAVAILABLE") : { value: text, version: "v1" },
            ]),
          )
        },
      }),
    )
    const reading = secrets.getMany(requestsFor(3))
    await clock.advance("1s")
    await reading
    expect(asked).toEqual([["name-0", "name-1", "name-2"]])
    // Each at a moment of its own.
    expect(again).toEqual(["name-1", "name-2"])
  })
})

describe("a batch that is forbidden", () => {
  for (const code of ["DENIED", "UNSUPPORTED"] as const) {
    it(`is read singly, at most ten at once, and is not tried again: ${code}`, async () => {
      const { secrets, store, canary, clock } = rig((clock, { text }) =>
        faulty(memory(many(30, text), { clock }), { clock }),
      )
      store.faults.fail("readMany", code)
      store.faults.delay("read", "10ms", { times: 20 })
      const reading = secrets.getMany(requestsFor(20))
      await clock.advance("20ms")
      const handles = await reading
      expect(handles.key19?.reveal()).toBe(`${canary.text} 19`)
      expect(store.calls.count("readMany")).toBe(1)
      expect(store.calls.mostAtOnce("read")).toBe(10)
      await secrets.getMany({ a: "name-25", b: "name-26" })
      expect(store.calls.count("readMany")).toBe(1)
      expect(store.calls.count("read")).toBe(22)
    })
  }

  it("does not make a secret denied that can be read singly, nor hide one that cannot", async () => {
    const { secrets, store } = rig((clock, { text }) => faulty(memory(many(3, text), { clock })))
    store.faults.fail("readMany", "DENIED")
    store.faults.fail("read", "DENIED", { name: "name-1" })
    const settled = await secrets.getManySettled(requestsFor(3))
    expect(settled.key0).toMatchObject({ name: "name-0" })
    expect(settled.key1).toMatchObject({ code: "DENIED", secret: "name-1" })
    expect(settled.key2).toMatchObject({ name: "name-2" })
  })
})

describe("a batch that is refused for what is in it", () => {
  it("is read singly this time, and as a batch the next time", async () => {
    const { secrets, store, canary } = rig((clock, { text }) => faulty(memory(many(6, text), { clock })))
    store.faults.fail("readMany", new SecretError("UNSUPPORTED", { transient: true }), { times: 1 })
    const handles = await secrets.getMany(requestsFor(3))
    expect(handles.key2?.reveal()).toBe(`${canary.text} 2`)
    expect([store.calls.count("readMany"), store.calls.count("read")]).toEqual([1, 3])
    await secrets.getMany({ a: "name-3", b: "name-4", c: "name-5" })
    expect([store.calls.count("readMany"), store.calls.count("read")]).toEqual([2, 3])
  })
})

describe("a batch that is throttled", () => {
  it("is read singly this time, and as a batch the next time", async () => {
    const { secrets, store, canary } = rig((clock, { text }) => faulty(memory(many(30, text), { clock })))
    store.faults.fail("readMany", "THROTTLED", { times: 1 })
    const handles = await secrets.getMany(requestsFor(20))
    expect(handles.key0?.reveal()).toBe(`${canary.text} 0`)
    expect(store.calls.count("readMany")).toBe(1)
    expect(store.calls.count("read")).toBe(20)
    await secrets.getMany({ a: "name-25", b: "name-26" })
    expect(store.calls.count("readMany")).toBe(2)
    expect(store.calls.count("read")).toBe(20)
  })

  it("does not hammer the store when the single reads are throttled as well", async () => {
    const { secrets, store, clock } = rig((clock, { text }) => faulty(memory(many(100, text), { clock })))
    store.faults.fail(["readMany", "read"], "THROTTLED")
    const reading = secrets.getManySettled(requestsFor(100), { startupDeadline: "10s" })
    await clock.settle()
    expect(store.calls.count("readMany")).toBe(1)
    // Ten were under way, and another ten had gone before what the first one heard was known.
    expect(store.calls.count("read")).toBeLessThanOrEqual(20)
    await clock.advance("10s")
    const settled = await reading
    expect(settled.key99).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED" })
    // Two probes a second, at the most.
    expect(store.calls.count("read")).toBeLessThanOrEqual(20 + 20)
  })
})

describe("a batch that fails in another way", () => {
  it("is not read singly: what was heard holds for all its names", async () => {
    const { secrets, store, clock } = rig((clock, { text }) => faulty(memory(many(3, text), { clock })))
    store.faults.fail("readMany", "UNAUTHENTICATED")
    const settled = await secrets.getManySettled(requestsFor(3))
    expect(Object.values(settled).map(each => "code" in each && each.code)).toEqual([
      "UNAUTHENTICATED",
      "UNAUTHENTICATED",
      "UNAUTHENTICATED",
    ])
    expect(store.calls.count("read")).toBe(0)
    await clock.settle()
  })
})

describe("callers who leave", () => {
  it("do not end the batch for those who stay", async () => {
    const { secrets, store, clock, canary, failure } = rig((clock, { text }) =>
      faulty(memory(many(3, text), { clock })),
    )
    const hang = store.faults.hang("readMany")
    const leaving = new AbortController()
    const left = failure(secrets.get("name-0", { signal: leaving.signal }))
    const staying = secrets.get("name-1")
    await clock.settle()
    leaving.abort()
    expect(await left).toMatchObject({ code: "ABORTED", secret: "name-0" })
    hang.end()
    await store.faults.release()
    expect((await staying).reveal()).toBe(`${canary.text} 1`)
    expect(store.calls.count("readMany")).toBe(1)
  })

  it("end the batch when nobody stays, and the store is told", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      faulty(memory(many(3, text), { clock })),
    )
    store.faults.hang("readMany")
    const leaving = [new AbortController(), new AbortController()]
    const left = leaving.map((controller, index) =>
      failure(secrets.get(`name-${index}`, { signal: controller.signal })),
    )
    await clock.settle()
    leaving[0]?.abort()
    await clock.settle()
    expect(store.faults.waiting).toBe(1)
    leaving[1]?.abort()
    await clock.settle()
    expect(store.faults.waiting).toBe(0)
    expect((await Promise.all(left)).map(error => error.code)).toEqual(["ABORTED", "ABORTED"])
  })

  it("are not asked for, when they leave before anything is sent", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      faulty(without(memory(many(20, text), { clock }), "readMany")),
    )
    const hang = store.faults.hang("read")
    const leaving = new AbortController()
    const staying = secrets.getMany(requestsFor(10))
    await clock.settle()
    const left = failure(secrets.get("name-15", { signal: leaving.signal }))
    await clock.settle()
    leaving.abort()
    expect((await left).code).toBe("ABORTED")
    hang.end()
    await store.faults.release()
    await staying
    expect(store.calls.count("read", "name-15")).toBe(0)
  })

  it("leave no batch behind that nobody waits for", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      faulty(memory(many(40, text), { clock })),
    )
    const leaving = new AbortController()
    const left = failure(secrets.getMany({ a: "name-15", b: "name-16" }, { signal: leaving.signal }))
    leaving.abort()
    expect((await left).code).toBe("ABORTED")
    await clock.settle()
    expect(store.calls.count("readMany")).toBe(0)
    expect(store.calls.count("read")).toBe(0)
  })
})
