import { describe, expect, expectTypeOf, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type SecretErrorCode, type SecretStore } from "../../src/core/index.ts"
import type { SecretEvents } from "../../src/secrets/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, scripted, without } from "../support/rig.ts"

const { signal } = new AbortController()

const one = () => rig((clock, { text }) => faulty(memory({ db: text }, { clock }), { clock }))

describe("events", () => {
  it("tell the life of a secret in its order, and hold no value", async () => {
    const { secrets, store, clock, said, canary, failure } = one()
    await secrets.get("db")
    await store.write("db", `${canary.text} new`, { signal })
    await clock.settle()
    await store.write("db", `${canary.text} new`, { signal })
    await clock.settle()
    const down = store.faults.fail("read", "UNAVAILABLE")
    await failure(secrets.refresh("db"))
    down.end()
    await clock.advance("5m")
    store.disable("db")
    await clock.advance("1s")
    await secrets.close()
    expect(said.map(event => ("secret" in event ? [event.is, event.secret] : [event.is]))).toEqual([
      ["accepted", "db"],
      ["accepted", "db"],
      ["accepted", "db"],
      ["failed", "db"],
      ["stale", "db"],
      ["recovered", "db"],
      ["failed", "db"],
      ["failed", "db"],
      ["withdrawn", "db"],
      ["closed"],
    ])
  })

  it("tell of the first version, of another value, and of the same value under another version", async () => {
    const { secrets, store, clock, saidOf, canary } = one()
    await secrets.get("db")
    await store.write("db", `${canary.text} new`, { signal })
    await clock.settle()
    await store.write("db", `${canary.text} new`, { signal })
    await clock.settle()
    expect(saidOf("accepted")).toEqual([
      { is: "accepted", secret: "db", version: "v1", changed: false },
      { is: "accepted", secret: "db", version: "v2", previousVersion: "v1", changed: true },
      { is: "accepted", secret: "db", version: "v3", previousVersion: "v2", changed: false },
    ])
  })

  it("tell of another value under the same version, which is accepted", async () => {
    const { secrets, store, saidOf, canary } = rig((clock, { text }) =>
      faulty(without(memory({ db: text }, { clock }), "watch") as SecretStore),
    )
    const handle = await secrets.get("db")
    store.faults.change(answer => ({ ...answer, value: `${canary.text} other` }))
    await secrets.refresh("db")
    expect(handle.reveal()).toBe(`${canary.text} other`)
    expect(saidOf("accepted")[1]).toEqual({
      is: "accepted",
      secret: "db",
      version: "v1",
      previousVersion: "v1",
      changed: true,
    })
  })

  it("say nothing of a refresh that brought nothing new", async () => {
    const { secrets, clock, said } = one()
    await secrets.get("db")
    await clock.advance("30m")
    expect(said.map(event => event.is)).toEqual(["accepted"])
  })

  it("give the error of a failure as it is, with all that it says", async () => {
    const { secrets, store, saidOf, failure } = one()
    await secrets.get("db")
    const error = new SecretError("THROTTLED", {
      secret: "db",
      store: "memory:",
      retryAfterMs: 7,
      requestId: "r-1",
      hint: "slow down",
    })
    store.faults.fail("read", error)
    await failure(secrets.refresh("db"))
    expect(saidOf("failed")).toMatchObject([{ code: "THROTTLED", secret: "db" }])
    expect(saidOf("failed")[0]?.error).toBe(error)
  })

  it("tell of a failed first read too", async () => {
    const { secrets, saidOf, failure } = one()
    await failure(secrets.get("missing"))
    expect(saidOf("failed")).toMatchObject([{ secret: "missing", code: "NOT_FOUND" }])
  })

  it("cannot be changed by a listener", async () => {
    const { secrets } = one()
    const seen: unknown[] = []
    secrets.on("accepted", event => {
      expect(() => Object.assign(event, { version: "mine" })).toThrow(TypeError)
    })
    secrets.on("accepted", event => seen.push(event.version))
    await secrets.get("db")
    expect(seen).toEqual(["v1"])
  })

  it("say of closing what the store failed with", async () => {
    const { secrets, saidOf } = rig(() =>
      scripted({
        async close() {
          throw new SecretError("UNAVAILABLE")
        },
      }),
    )
    await secrets.close()
    expect(saidOf("closed")).toMatchObject([{ error: { code: "UNAVAILABLE", store: "scripted:" } }])
  })

  it("have types of their own", () => {
    const { secrets } = one()
    secrets.on("failed", event => {
      expectTypeOf(event.code).toEqualTypeOf<SecretErrorCode>()
      expectTypeOf(event.secret).toEqualTypeOf<string | undefined>()
    })
    secrets.on("stale", event => {
      expectTypeOf(event.age).toEqualTypeOf<number>()
    })
    // @ts-expect-error there is no such event
    secrets.on("rotated", () => undefined)[Symbol.dispose]()
    expectTypeOf<keyof SecretEvents>().toEqualTypeOf<
      | "accepted"
      | "refused"
      | "failed"
      | "recovered"
      | "stale"
      | "withdrawn"
      | "kept"
      | "callbackFailed"
      | "closed"
    >()
    expect(secrets.health().listenerFailures).toBe(0)
  })
})

describe("listeners", () => {
  it("are called in the order in which they came, with the same event", async () => {
    const { secrets } = one()
    const seen: [string, unknown][] = []
    secrets.on("accepted", event => seen.push(["first", event]))
    secrets.on("accepted", event => seen.push(["second", event]))
    await secrets.get("db")
    expect(seen.map(([which]) => which)).toEqual(["first", "second"])
    expect(seen[0]?.[1]).toBe(seen[1]?.[1])
  })

  it("hear no more after they have ended, one by one, also where one function listens twice", async () => {
    const { secrets } = one()
    let heard = 0
    const listener = () => {
      heard += 1
    }
    const first = secrets.on("accepted", listener)
    secrets.on("accepted", listener)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    await secrets.get("db")
    expect(heard).toBe(1)
  })

  for (const [how, throwing] of Object.entries({
    "throws an error": (text: string) => {
      throw new Error(text)
    },
    "throws null": () => {
      throw null
    },
    "is an async function that rejects": async (text: string) => {
      throw new Error(text)
    },
  })) {
    it(`stop neither the others nor the refresh when one ${how}, and are counted`, async () => {
      const { secrets, canary, clock } = one()
      const seen: string[] = []
      secrets.on("accepted", () => throwing(canary.text))
      secrets.on("accepted", event => seen.push(event.version))
      expect((await secrets.get("db")).reveal()).toBe(canary.text)
      await clock.settle()
      expect(seen).toEqual(["v1"])
      expect(secrets.health().listenerFailures).toBe(1)
      expect(secrets.health().status).toBe("ok")
    })
  }

  it("may end themselves and begin others while they are told", async () => {
    const { secrets, store, clock } = one()
    const seen: string[] = []
    const once = secrets.on("accepted", event => {
      once[Symbol.dispose]()
      seen.push(`once ${event.version}`)
    })
    secrets.on("accepted", event => seen.push(event.version))
    await secrets.get("db")
    await store.write("db", "other", { signal })
    await clock.settle()
    expect(seen).toEqual(["once v1", "v1", "v2"])
  })

  it("may ask for secrets, of the very state that they are told of", async () => {
    const { secrets, store, clock, canary } = one()
    const handle = await secrets.get("db")
    const seen: string[] = []
    secrets.on("accepted", event => {
      seen.push(`${event.version} ${handle.reveal()} ${handle.status.version}`)
    })
    await store.write("db", `${canary.text} new`, { signal })
    await clock.settle()
    expect(seen).toEqual([`v2 ${canary.text} new v2`])
  })
})
