import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type SecretErrorCode, type StoredSecret } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { gate, never, rig, scripted, without } from "../support/rig.ts"

type Given = StoredSecret | SecretErrorCode | (() => Promise<StoredSecret>)

/** A store whose versions can be read one by one, and that a test can make answer anything. */
function versioned(canary: string, versionedReads = true) {
  let now: Given = { value: canary, version: "v1" }
  let held: Given = { value: canary, version: "v1" }
  const asked: string[] = []
  const store = scripted(
    {
      async read(_: string, { version }: { version?: string }) {
        asked.push(version ?? "now")
        const answer = version === undefined ? now : held
        if (typeof answer === "function") return await answer()
        if (typeof answer === "string") throw new SecretError(answer)
        return answer
      },
    },
    { versionedReads },
  )
  return {
    ...store,
    asked,
    /** What is answered from now on, to a read of the newest version and to one of the held version. */
    answers(newest: Given, older: Given) {
      now = newest
      held = older
    },
  }
}

const good = (value: string): StoredSecret => ({ value, version: "v1" })

describe("a secret that the store says is gone", () => {
  for (const code of ["NOT_FOUND", "DISABLED", "DENIED"] as const) {
    for (const versionedReads of [true, false]) {
      const where = versionedReads
        ? "the held version cannot be read either"
        : "older versions cannot be read"
      it(`is not revealed any more after a second reading that says so, where ${where}: ${code}`, async () => {
        const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) =>
          versioned(text, versionedReads),
        )
        const handle = await secrets.get("db")
        store.answers(code, code)
        expect(await failure(secrets.refresh("db"))).toMatchObject({ code, secret: "db" })
        // Said once: it is served.
        expect(handle.reveal()).toBe(canary.text)
        await clock.advance("999ms")
        expect(handle.reveal()).toBe(canary.text)
        expect(saidOf("withdrawn")).toEqual([])

        await clock.advance("1ms")
        expect(await failure(async () => handle.reveal())).toMatchObject({
          code,
          secret: "db",
          store: "scripted:",
          transient: false,
        })
        expect(saidOf("withdrawn")).toEqual([{ is: "withdrawn", secret: "db", code }])
        expect(store.asked).toEqual(versionedReads ? ["now", "now", "now", "v1"] : ["now", "now", "now"])
        expect(handle.previous).toBeUndefined()
        expect(handle.status.stale).toBe(true)
        expect(secrets.health()).toMatchObject({ status: "failed", ready: false })
      })
    }
  }

  it("says what can be done about it", async () => {
    const { secrets, store, clock, failure } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("DISABLED", "DISABLED")
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    expect((await failure(async () => handle.reveal())).hint).toContain("enable it")
  })

  it("is read twice at least a second apart, however often it is asked for in between", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("NOT_FOUND", "NOT_FOUND")
    for (let tenth = 0; tenth < 10; tenth++) {
      await failure(secrets.refresh("db"))
      expect(handle.reveal()).toBe(canary.text)
      await clock.advance("99ms")
    }
    expect(saidOf("withdrawn")).toEqual([])
    await clock.advance("10ms")
    expect(saidOf("withdrawn")).toHaveLength(1)
  })

  it("counts the second from the beginning of one reading to that of the other", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text, false))
    const handle = await secrets.get("db")
    const slow = [gate<StoredSecret>(), gate<StoredSecret>()]
    let asked = 0
    store.answers(async () => await (slow[asked++]?.promise ?? never()), "NOT_FOUND")
    for (const answer of slow) {
      const reading = failure(secrets.refresh("db"))
      await clock.advance("900ms")
      answer.fail(new SecretError("NOT_FOUND"))
      await reading
    }
    // The answers were far enough apart, but not the questions.
    expect(handle.reveal()).toBe(canary.text)
    expect(saidOf("withdrawn")).toEqual([])
    store.answers("NOT_FOUND", "NOT_FOUND")
    await clock.advance("1s")
    expect(saidOf("withdrawn")).toHaveLength(1)
  })

  it("is served when the second reading finds it again, as if nothing had been", async () => {
    const { secrets, store, clock, canary, failure, said } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("NOT_FOUND", good(canary.text))
    await failure(secrets.refresh("db"))
    expect(secrets.health()).toMatchObject({ status: "degraded", ready: true })
    store.answers(good(canary.text), good(canary.text))
    await clock.advance("1s")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.stale).toBe(false)
    expect(secrets.health().status).toBe("ok")
    expect(said.map(event => event.is)).toEqual(["accepted", "failed"])
    // And a third reading much later is a first one again.
    await clock.advance("1h")
    store.answers("NOT_FOUND", good(canary.text))
    await failure(secrets.refresh("db"))
    expect(handle.reveal()).toBe(canary.text)
  })

  it("is not withdrawn by what says nothing about the secret itself", async () => {
    for (const code of ["UNAUTHENTICATED", "UNAVAILABLE", "MISCONFIGURED", "UNSUPPORTED"] as const) {
      const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
      const handle = await secrets.get("db")
      store.answers(code, code)
      await failure(secrets.refresh("db"))
      await clock.advance("30m")
      expect(handle.reveal()).toBe(canary.text)
      expect(saidOf("withdrawn")).toEqual([])
      expect(saidOf("stale")).toMatchObject([{ ended: false }])
    }
  })

  it("is withdrawn although the store went down between the two readings", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("DISABLED", "DISABLED")
    await failure(secrets.refresh("db"))
    store.answers("UNAVAILABLE", "DISABLED")
    await clock.advance("10s")
    expect(handle.reveal()).toBe(canary.text)
    store.answers("DISABLED", "DISABLED")
    await clock.advance("10m")
    expect(saidOf("withdrawn")).toMatchObject([{ code: "DISABLED" }])
  })

  it("is withdrawn for good reasons at start-up too: nothing is held, so there is nothing to confirm", async () => {
    const { secrets, store, failure, saidOf } = rig((_, { text }) => versioned(text))
    store.answers("DENIED", "DENIED")
    expect(await failure(secrets.get("db"))).toMatchObject({ code: "DENIED" })
    expect(store.asked).toEqual(["now"])
    expect(saidOf("withdrawn")).toEqual([])
  })

  it("is found to be gone by the schedule alone, and by a hint of the store", async () => {
    const { secrets, store, clock, failure } = rig((clock, { text }) =>
      faulty(memory({ polled: text, hinted: text }, { clock })),
    )
    const handles = await secrets.getMany({ polled: "polled", hinted: "hinted" })
    await store.delete("hinted", { signal: new AbortController().signal })
    await clock.advance("1s")
    expect(await failure(async () => handles.hinted.reveal())).toMatchObject({ code: "NOT_FOUND" })
    store.faults.fail(["read", "readMany"], "DENIED", { name: "polled" })
    await clock.advance("10m")
    expect(await failure(async () => handles.polled.reveal())).toMatchObject({ code: "DENIED" })
  })
})

describe("asking for a withdrawn secret", () => {
  it("reads it again and says what the store says, each time", async () => {
    const { secrets, store, clock, failure } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("NOT_FOUND", "NOT_FOUND")
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    store.asked.length = 0
    expect(await failure(secrets.get("db"))).toMatchObject({ code: "NOT_FOUND" })
    expect(await secrets.getOptional("db")).toBeUndefined()
    expect(store.asked).toEqual(["now", "now"])
    expect((await failure(async () => handle.map(value => value))).code).toBe("NOT_FOUND")
  })

  it("is not taken for an absent one where it may no longer be read", async () => {
    const { secrets, store, clock, failure } = rig((_, { text }) => versioned(text))
    await secrets.get("db")
    store.answers("DENIED", "DENIED")
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    expect(await failure(secrets.getOptional("db"))).toMatchObject({ code: "DENIED" })
  })
})

describe("a withdrawn secret that comes back", () => {
  for (const [what, text] of Object.entries({
    "with the same value": "same",
    "with another value": "other",
  })) {
    it(`is revealed again, ${what}, without being asked for`, async () => {
      const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
      const handle = await secrets.get("db")
      const changes: string[] = []
      handle.onRotate(({ current, previous }) => {
        changes.push(`${current.reveal()} after ${previous?.reveal()}`)
      })
      store.answers("DENIED", "DENIED")
      await failure(secrets.refresh("db"))
      await clock.advance("1s")
      await failure(async () => handle.reveal())

      const value = text === "same" ? canary.text : `${canary.text} other`
      store.answers({ value, version: "v2" }, "NOT_FOUND")
      await clock.advance("10m")
      expect(handle.reveal()).toBe(value)
      expect(handle.status).toMatchObject({ version: "v2", stale: false })
      expect(saidOf("recovered")).toEqual([{ is: "recovered", secret: "db", version: "v2" }])
      expect(handle.previous).toBeUndefined()
      expect(changes).toHaveLength(text === "same" ? 0 : 1)
      expect(secrets.health().status).toBe("ok")
    })
  }

  it("that was refused by a schema meanwhile is still not revealed", async () => {
    const { secrets, store, clock, canary, failure } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("DENIED", "DENIED")
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    store.answers({ value: canary.bytes, version: "v2" }, "DENIED")
    expect(await failure(secrets.refresh("db"))).toMatchObject({ code: "INVALID_VALUE" })
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "DENIED" })
  })
})

describe("a held version that can still be read", () => {
  for (const code of ["NOT_FOUND", "DISABLED", "DENIED"] as const) {
    it(`stays in use when the newest one cannot, and this is said once: ${code}`, async () => {
      const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
      const handle = await secrets.get("db")
      store.answers(code, good(canary.text))
      await failure(secrets.refresh("db"))
      await clock.advance("3h")
      expect(handle.reveal()).toBe(canary.text)
      expect(handle.status).toMatchObject({ version: "v1", stale: false })
      expect(saidOf("kept")).toEqual([{ is: "kept", secret: "db", code, version: "v1" }])
      expect(saidOf("withdrawn")).toEqual([])
      expect(saidOf("stale")).toEqual([])
      expect(secrets.health()).toMatchObject({ status: "degraded", ready: true })
      expect(secrets.health().secrets[0]).toMatchObject({ lastError: code, usable: true })
    })
  }

  it("stays when somebody disables a bad new version", async () => {
    const { secrets, store, clock, canary } = rig((clock, { text }) => memory({ db: text }, { clock }))
    const handle = await secrets.get("db")
    const { signal } = new AbortController()
    await store.write("db", "bad", { signal })
    store.disable("db", "v2")
    await clock.advance("1m")
    expect(handle.reveal()).toBe(canary.text)
    await store.write("db", `${canary.text} good`, { signal })
    await clock.advance("1s")
    expect(handle.reveal()).toBe(`${canary.text} good`)
    expect(secrets.health().status).toBe("ok")
  })

  it("is let go when it is gone later", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("DISABLED", good(canary.text))
    await failure(secrets.refresh("db"))
    await clock.advance("1m")
    store.answers("DISABLED", "DISABLED")
    await clock.advance("10m")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "DISABLED" })
    expect(saidOf("withdrawn")).toHaveLength(1)
  })

  it("is let go when the store gives another value for it, which is not what is held", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("NOT_FOUND", { value: `${canary.text} other`, version: "v1" })
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "NOT_FOUND" })
    expect(saidOf("kept")).toEqual([])
  })

  for (const held of ["UNAVAILABLE", "UNAUTHENTICATED", "hangs"] as const) {
    it(`is served, marked, while nobody can tell: ${held}`, async () => {
      const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
      const handle = await secrets.get("db")
      store.answers("DISABLED", held === "hangs" ? never : held)
      await failure(secrets.refresh("db"))
      await clock.advance("10s")
      expect(handle.reveal()).toBe(canary.text)
      expect(handle.status.stale).toBe(true)
      expect(saidOf("withdrawn")).toEqual([])
      store.answers("DISABLED", "DISABLED")
      await clock.advance("10m")
      expect(saidOf("withdrawn")).toMatchObject([{ code: "DISABLED" }])
    })
  }

  it("is served when everything is closed before the store could tell", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db")
    store.answers("DISABLED", never)
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    await secrets.close()
    expect(handle.reveal()).toBe(canary.text)
    expect(saidOf("withdrawn")).toEqual([])
  })

  it("is asked for with no more than ten reads at once, when a thousand are withdrawn together", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `name-${index}`)
    const requests = Object.fromEntries(names.map(name => [name, name]))
    const { secrets, store, clock, failure, saidOf } = rig((clock, { text }) =>
      faulty(without(memory(Object.fromEntries(names.map(name => [name, text])), { clock }), "watch"), {
        clock,
      }),
    )
    const handles = await secrets.getMany(requests)
    await clock.settle()
    store.calls.clear()
    for (const name of names) store.disable(name)
    store.faults.delay("read", "10ms")
    await failure(secrets.refresh())
    await clock.advance("10s")
    expect(saidOf("withdrawn")).toHaveLength(100)
    expect(store.calls.mostAtOnce("read")).toBe(10)
    expect(await failure(async () => handles["name-99"]?.reveal())).toMatchObject({ code: "DISABLED" })
  })
})

describe("a permission that is withdrawn, where that is taken for a mistake", () => {
  it("is an outage: the value is served, marked, until it is too old", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = rig((_, { text }) => versioned(text), {
      onDenied: "maxStale",
    })
    const handle = await secrets.get("db")
    store.answers("DENIED", "DENIED")
    await clock.advance("64m")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.stale).toBe(true)
    await clock.advance("1m")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "STALE", lastCode: "DENIED" })
    expect(saidOf("withdrawn")).toEqual([])
  })

  it("softens nothing else", async () => {
    const { secrets, store, clock, failure } = rig((_, { text }) => versioned(text), { onDenied: "maxStale" })
    const handle = await secrets.get("db")
    store.answers("NOT_FOUND", "NOT_FOUND")
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "NOT_FOUND" })
  })

  it("is withdrawn when one of two callers wants it so", async () => {
    const { secrets, store, clock, failure } = rig((_, { text }) => versioned(text))
    const handle = await secrets.get("db", { onDenied: "maxStale" })
    await secrets.get("db", { onDenied: "withdraw" })
    await secrets.get("db", { onDenied: "maxStale" })
    store.answers("DENIED", "DENIED")
    await failure(secrets.refresh("db"))
    await clock.advance("1s")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "DENIED" })
  })
})
