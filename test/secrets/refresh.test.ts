import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { Duration, SecretStore, StoredSecret } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { type Gate, gate, rig, scripted, stateOf, without } from "../support/rig.ts"

const { signal } = new AbortController()

const three = () =>
  rig((clock, { text }) =>
    faulty(without(memory({ a: text, b: text, c: text }, { clock }), "watch", "versions") as SecretStore, {
      clock,
    }),
  )

describe("refresh() of one secret", () => {
  it("reads it now, however young it is, and handles show what was read", async () => {
    const { secrets, store, canary } = rig((clock, { text }) => faulty(memory({ a: text }, { clock })))
    const handle = await secrets.get("a")
    await store.write("a", `${canary.text} new`, { signal })
    await secrets.refresh("a")
    expect(handle.reveal()).toBe(`${canary.text} new`)
    expect(handle.status).toMatchObject({ version: "v2", age: 0 })
  })

  it("does not take the answer of a read that had begun before", async () => {
    const answers: Gate<StoredSecret>[] = []
    const { secrets, clock, canary } = rig(() =>
      scripted({
        read: async () => {
          const answer = gate<StoredSecret>()
          answers.push(answer)
          return await answer.promise
        },
      }),
    )
    const first = secrets.get("a")
    await clock.settle()
    const refreshed = secrets.refresh("a")
    await clock.settle()
    answers[0]?.open({ value: "old", version: "v1" })
    const handle = await first
    expect(await stateOf(refreshed, clock)).toBe("pending")
    answers[1]?.open({ value: canary.text, version: "v2" })
    await refreshed
    expect(handle.reveal()).toBe(canary.text)
    expect(answers).toHaveLength(2)
  })

  it("shares a read with others who refresh it at the same time", async () => {
    const { secrets, store } = three()
    await secrets.get("a")
    store.calls.clear()
    await Promise.all([secrets.refresh("a"), secrets.refresh("a"), secrets.refresh("a#x"), secrets.refresh()])
    expect(store.calls.count("read")).toBe(1)
  })

  it("fails with what the read failed with, at the first attempt, while the value is served", async () => {
    const { secrets, store, clock, canary, failure } = three()
    const handle = await secrets.get("a")
    store.faults.fail("read", "UNAVAILABLE")
    expect(await failure(secrets.refresh("a"))).toMatchObject({
      code: "UNAVAILABLE",
      secret: "a",
      store: "memory:",
    })
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.stale).toBe(true)
    await clock.settle()
  })

  it("is told at once when the store is known to be down", async () => {
    const { secrets, store, failure } = three()
    await secrets.get("a")
    store.faults.fail("read", "UNAVAILABLE")
    await failure(secrets.refresh("a"))
    store.calls.clear()
    expect((await failure(secrets.refresh("a"))).code).toBe("UNAVAILABLE")
    expect(store.calls.count("read")).toBe(0)
  })

  it("reads a secret that nobody has asked for yet", async () => {
    const { secrets, store, canary } = three()
    await secrets.refresh("a")
    expect((await secrets.get("a")).reveal()).toBe(canary.text)
    expect(store.calls.count("read")).toBe(1)
  })

  it("remembers nothing of one that is not there", async () => {
    const { secrets, failure } = three()
    expect((await failure(secrets.refresh("missing"))).code).toBe("NOT_FOUND")
    expect(secrets.health().secrets).toEqual([])
  })

  it("ends when its signal does", async () => {
    const { secrets, store, clock, failure } = three()
    await secrets.get("a")
    store.faults.hang("read")
    const leaving = new AbortController()
    const refreshing = failure(secrets.refresh("a", { signal: leaving.signal }))
    await clock.settle()
    leaving.abort()
    expect(await refreshing).toMatchObject({ code: "ABORTED", secret: "a" })
    await clock.settle()
    expect(store.faults.waiting).toBe(0)
  })

  it("refuses names that are none, and everything after close()", async () => {
    const { secrets, failure } = three()
    expect((await failure(secrets.refresh("../a"))).code).toBe("INVALID_NAME")
    await secrets.close()
    expect(await failure(secrets.refresh("a"))).toMatchObject({ code: "CLOSED", secret: "a" })
    expect(await failure(secrets.refresh())).toMatchObject({ code: "CLOSED" })
    expect(await failure(secrets.fresh("1m"))).toMatchObject({ code: "CLOSED" })
  })
})

describe("refresh() of everything", () => {
  it("reads all that is kept in one round", async () => {
    const { secrets, store } = three()
    await secrets.getMany({ a: "a", b: "b", c: "c" })
    store.calls.clear()
    await secrets.refresh()
    expect(Array.from(store.calls, call => [call.operation, [...call.names].sort()])).toEqual([
      ["readMany", ["a", "b", "c"]],
    ])
  })

  it("names everything that failed", async () => {
    const { secrets, store, canary, failure } = three()
    const handles = await secrets.getMany({ a: "a", b: "b", c: "c" })
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    const error = await failure(secrets.refresh())
    expect(error.problems?.map(problem => [problem.secret, problem.code])).toHaveLength(3)
    expect(error).toMatchObject({ code: "UNAVAILABLE", transient: true })
    expect(handles.c.reveal()).toBe(canary.text)
  })

  it("has nothing to do where nothing is kept", async () => {
    const { secrets, store } = three()
    await secrets.refresh()
    await secrets.fresh("1s")
    expect(store.calls.count()).toBe(0)
  })
})

describe("fresh()", () => {
  it("reads what is older than it says in one round, and leaves the rest alone", async () => {
    const { secrets, store, clock } = three()
    await secrets.getMany({ a: "a", b: "b" })
    await clock.advance("1m")
    await secrets.get("c")
    store.calls.clear()
    await secrets.fresh("1m")
    expect(store.calls.count()).toBe(0)
    await clock.advance("1ms")
    await secrets.fresh("1m")
    expect(Array.from(store.calls, call => [...call.names].sort())).toEqual([["a", "b"]])
  })

  it("serves what is held where it cannot be read, and does not fail", async () => {
    const { secrets, store, clock, canary, saidOf } = three()
    const handle = await secrets.get("a")
    await clock.advance("1m")
    store.faults.fail("read", "UNAVAILABLE")
    await secrets.fresh("30s")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.stale).toBe(true)
    expect(saidOf("failed")).toHaveLength(1)
  })

  it("tries what has failed again, however young it is", async () => {
    const { secrets, store, clock } = three()
    const handle = await secrets.get("a")
    store.faults.fail("read", "MISCONFIGURED", { times: 1 })
    await secrets.refresh("a").catch(() => undefined)
    await secrets.fresh("1h")
    expect(handle.status.stale).toBe(false)
    await clock.settle()
  })

  it("ends with its signal", async () => {
    const { secrets, store, clock, failure } = three()
    await secrets.get("a")
    await clock.advance("1m")
    store.faults.hang("read")
    const leaving = new AbortController()
    const waiting = failure(secrets.fresh("30s", { signal: leaving.signal }))
    await clock.settle()
    leaving.abort()
    expect((await waiting).code).toBe("ABORTED")
  })

  it("ends with close()", async () => {
    const { secrets, store, clock, failure } = three()
    await secrets.get("a")
    await clock.advance("1m")
    store.faults.hang("read")
    const waiting = failure(secrets.fresh("30s"))
    await clock.settle()
    await secrets.close()
    expect((await waiting).code).toBe("CLOSED")
  })

  for (const wrong of ["5 m", "0s", "-1s", "1e3s", "", "5", 5, null]) {
    it(`refuses an age that is none: ${JSON.stringify(wrong)}`, async () => {
      const { secrets, failure } = three()
      const error = await failure(secrets.fresh(wrong as Duration))
      expect(error).toMatchObject({ code: "MISCONFIGURED" })
      expect(error.message).toContain("maxAge")
    })
  }
})
