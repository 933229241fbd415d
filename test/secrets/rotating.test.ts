import { describe, expect, it } from "vitest"
import { type Change, Secret } from "../../src/core/index.ts"
import { type Rotating, rotating } from "../../src/secrets/index.ts"
import { failureOf, gate, stateOf } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

/** Stands for a connection pool: knows the value that it was made from, and whether it has ended. */
class Pool {
  readonly #value: () => string
  ended = false

  constructor(value: string) {
    this.#value = () => value
  }

  get madeFrom(): string {
    return this.#value()
  }

  end(): void {
    if (this.ended) throw new Error("it ended twice")
    this.ended = true
  }
}

const retire = (old: Pool): void => old.end()

/** Makes pools, and keeps them for the test to look at. */
function factory(wait: (count: number) => unknown = () => undefined) {
  const made: Pool[] = []
  let begun = 0
  return {
    made,
    values: () => made.map(pool => pool.madeFrom),
    ended: () => made.map(pool => pool.ended),
    make: async (value: string): Promise<Pool> => {
      begun += 1
      await wait(begun)
      const pool = new Pool(value)
      made.push(pool)
      return pool
    },
  }
}

describe("a rotating resource", () => {
  it("is made from the value, and made anew when that changes; the old one is retired after a while", async () => {
    const { secrets, change, value, clock, canary } = tallyRig()
    const { make, values, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "30s" })
    expect(pool.current().madeFrom).toBe(value("first"))
    await change(value("second"))
    expect(pool.current().madeFrom).toBe(value("second"))
    expect(values()).toEqual([value("first"), value("second")])
    await clock.advance("29s")
    expect(ended()).toEqual([false, false])
    await clock.advance("1s")
    expect(ended()).toEqual([true, false])
    canary.watch(String(pool))
  })

  it("is not made anew for the same value under a new version, nor for another field", async () => {
    const { secrets, change, value } = tallyRig({}, value => ({
      db: JSON.stringify({ url: value("u"), note: "1" }),
    }))
    const { make, made } = factory()
    await rotating(await secrets.get(TOKEN), make)
    await rotating(await secrets.get("db#url"), make)
    await change(value("first"))
    await change(JSON.stringify({ url: value("u"), note: "2" }), "db")
    expect(made).toHaveLength(2)
  })

  it("may be made from a derived secret", async () => {
    const { secrets, change, value } = tallyRig()
    const url = (await secrets.get(TOKEN)).map(token => `tally://${token}@host`)
    const pool = await rotating(url, connection => ({ to: () => connection }))
    await change(value("second"))
    expect(pool.current().to()).toBe(`tally://${value("second")}@host`)
  })

  it("hands a failure of its first making on untouched, and leaves nothing behind", async () => {
    const { secrets, change, value } = tallyRig()
    const thrown = new TypeError("no such host")
    let calls = 0
    const make = () => {
      calls += 1
      throw thrown
    }
    const token = await secrets.get(TOKEN)
    await expect(rotating(token, make)).rejects.toBe(thrown)
    await change(value("second"))
    expect(calls).toBe(1)
  })

  it("stays when the new one cannot be made, says so, and is tried again", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig()
    const { make, ended } = factory(count => {
      if (count === 2) throw new TypeError(value("quoted"))
    })
    const pool = await rotating(await secrets.get(TOKEN), make, { retire })
    await change(value("second"))
    expect(pool.current().madeFrom).toBe(value("first"))
    expect(saidOf("callbackFailed")).toMatchObject([
      { secret: TOKEN, version: "v2", retried: true, reason: "TypeError" },
    ])
    await clock.advance("1s")
    expect(pool.current().madeFrom).toBe(value("second"))
    await clock.advance("1h")
    expect(ended()).toEqual([true, false])
  })

  it("does not miss a change that comes while the first one is made", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const first = gate()
    const { make, values } = factory(count => (count === 1 ? first.promise : undefined))
    const making = rotating(await secrets.get(TOKEN), make)
    await change(value("second"))
    first.open()
    const pool = await making
    await clock.settle()
    expect(values()).toEqual([value("first"), value("second")])
    expect(pool.current().madeFrom).toBe(value("second"))
  })

  it("does not miss another value under the same version that comes while the first one is made", async () => {
    const { secrets, change, value, clock, store } = tallyRig()
    const token = await secrets.get(TOKEN)
    store.faults.repeatVersion()
    await secrets.refresh()
    const first = gate()
    const { make } = factory(count => (count === 1 ? first.promise : undefined))
    const making = rotating(token, make)
    await change(value("second"))
    expect(token.status.version).toBe("v1")
    first.open()
    const pool = await making
    await clock.settle()
    expect(pool.current().madeFrom).toBe(value("second"))
  })

  it("is not replaced by an older one that took too long to make", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackTimeout: "30s" })
    const slow = gate()
    const { make, made } = factory(count => (count === 2 ? slow.promise : undefined))
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "0s" })
    await change(value("second"))
    await clock.advance("30s")
    await change(value("third"))
    await clock.advance("5s")
    expect(pool.current().madeFrom).toBe(value("third"))
    slow.open()
    await clock.settle()
    expect(pool.current().madeFrom).toBe(value("third"))
    expect(made.map(each => [each.madeFrom, each.ended])).toEqual([
      [value("first"), true],
      [value("third"), false],
      [value("second"), true],
    ])
  })

  it("may come late, if nothing newer was made", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackTimeout: "30s", callbackAttempts: 1 })
    const slow = gate()
    const { make } = factory(count => (count === 2 ? slow.promise : undefined))
    const pool = await rotating(await secrets.get(TOKEN), make)
    await change(value("second"))
    await clock.advance("1m")
    expect(pool.current().madeFrom).toBe(value("first"))
    slow.open()
    await clock.settle()
    expect(pool.current().madeFrom).toBe(value("second"))
  })

  it("shows the name of its secret and nothing else", async () => {
    const { secrets, value, canary } = tallyRig()
    const held = { url: value("held") }
    const pool = await rotating(await secrets.get(TOKEN), () => () => held)
    expect(`${pool}`).toBe(`Secret‹${TOKEN}›`)
    expect(JSON.stringify({ pool })).toBe(`{"pool":"Secret‹${TOKEN}›"}`)
    canary.watch(pool, [pool])
  })

  it("refuses an option that it does not know, and a time without a unit", async () => {
    const token = Secret.fixed("a", "b")
    const misspelt = await failureOf(rotating(token, value => value, { retired: () => undefined } as never))
    expect([misspelt.code, misspelt.message]).toEqual([
      "MISCONFIGURED",
      expect.stringContaining("retire, after"),
    ])
    expect((await failureOf(rotating(token, value => value, { after: 30 as never }))).code).toBe(
      "MISCONFIGURED",
    )
  })

  it("may stand on a secret that is none of ours", async () => {
    const fixed = Secret.fixed("db-url", "one")
    let changed: (change: Change<string>) => unknown = () => undefined
    const registered: unknown[] = []
    const foreign: Secret<string> = {
      ...fixed,
      name: "db-url",
      status: { version: "f1", age: 0, stale: false },
      reveal: () => "one",
      onRotate(callback, options) {
        changed = callback
        registered.push(options)
        return { [Symbol.dispose]() {} }
      },
    }
    const { make, values } = factory()
    const retired = gate<string>()
    const pool = await rotating(foreign, make, {
      after: "0s",
      retire: old => {
        retired.open(old.madeFrom)
        throw new Error("nobody is there to be told")
      },
    })
    expect(registered).toEqual([{ since: "f1" }])
    const pinned = { version: "f2", reveal: () => "two" }
    await changed({
      name: "db-url",
      current: pinned,
      previous: undefined,
      version: "f2",
      previousVersion: "f1",
    })
    expect([pool.current().madeFrom, values()]).toEqual(["two", ["one", "two"]])
    expect(await retired.promise).toBe("one")
    await expect(pool.close()).rejects.toThrow("nobody is there")
  })

  it("may stand on a fixed secret, which never changes", async () => {
    const { make, made, ended } = factory()
    const pool = await rotating(Secret.fixed("db-url", "postgres://"), make, { retire })
    expect(await pool.use(each => each.madeFrom)).toBe("postgres://")
    expect(pool.current()).toBe(made[0])
    await pool.close()
    expect(ended()).toEqual([true])
  })
})

describe("a call with a rotating resource", () => {
  it("gives its result or its error back untouched", async () => {
    const { secrets } = tallyRig()
    const pool = await rotating(await secrets.get(TOKEN), value => new Pool(value))
    const result = {}
    const thrown = new RangeError("mine")
    expect(await pool.use(() => result)).toBe(result)
    await expect(pool.use(async () => await Promise.reject(thrown))).rejects.toBe(thrown)
    await expect(
      pool.use(() => {
        throw thrown
      }),
    ).rejects.toBe(thrown)
  })

  it("keeps its resource from being retired before it ends, as do all others", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { make, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "30s" })
    const [one, other] = [gate(), gate()]
    const calls = [pool.use(() => one.promise), pool.use(() => other.promise)]
    await change(value("second"))
    await clock.advance("10m")
    expect(ended()).toEqual([false, false])
    one.open()
    await clock.settle()
    expect(ended()).toEqual([false, false])
    other.fail(new Error("mine"))
    await Promise.allSettled(calls)
    await clock.settle()
    expect(ended()).toEqual([true, false])
  })

  it("does not keep the new one, and ends before the old one's time is up without harm", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { make, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "30s" })
    const held = gate()
    const call = pool.use(() => held.promise)
    await change(value("second"))
    held.open()
    await call
    await clock.advance("29s")
    expect(ended()).toEqual([false, false])
    await clock.advance("1s")
    expect(ended()).toEqual([true, false])
  })
})

describe("the end of a rotating resource", () => {
  it("retires the current one and the old ones at once, and makes no new ones", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { make, made, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "1h" })
    await change(value("second"))
    await change(value("third"))
    await pool.close()
    expect(ended()).toEqual([true, true, true])
    await change(value("fourth"))
    expect(made).toHaveLength(3)
    await pool.close()
    expect(clock.pending.some(({ dueIn }) => dueIn > 600_000)).toBe(false)
  })

  it("waits for calls under way, also with an old one whose time was up", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { make, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "0s" })
    const [old, current] = [gate(), gate()]
    const calls = [pool.use(() => old.promise)]
    await change(value("second"))
    await clock.advance("1s")
    calls.push(pool.use(() => current.promise))
    const [closing, again] = [pool.close(), pool.close()]
    expect(await stateOf(closing, clock)).toBe("pending")
    current.open()
    expect(await stateOf(again, clock)).toBe("pending")
    expect(ended()).toEqual([false, true])
    old.open()
    await Promise.all([closing, again, ...calls])
    expect(ended()).toEqual([true, true])
  })

  it("rejects with what retire threw, untouched, when it is through with all", async () => {
    const { secrets, change, value } = tallyRig()
    const { make, ended } = factory()
    const thrown = new TypeError("mine")
    const pool = await rotating(await secrets.get(TOKEN), make, {
      retire: old => {
        old.end()
        throw thrown
      },
    })
    await change(value("second"))
    await expect(pool.close()).rejects.toBe(thrown)
    expect(ended()).toEqual([true, true])
    await expect(pool.close()).rejects.toBe(thrown)
  })

  it("retires what is still being made, and says if that fails", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig()
    const slow = gate()
    const { make, ended } = factory(count => (count === 2 ? slow.promise : undefined))
    const pool = await rotating(await secrets.get(TOKEN), make, {
      retire: old => {
        old.end()
        if (old.madeFrom === value("second")) throw new TypeError(value("quoted"))
      },
    })
    await change(value("second"))
    await pool.close()
    expect(ended()).toEqual([true])
    slow.open()
    await clock.settle()
    expect(ended()).toEqual([true, true])
    expect(saidOf("callbackFailed")).toMatchObject([{ secret: TOKEN, retried: false, reason: "TypeError" }])
  })

  it("says in an event that a resource that had its time could not be retired", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig()
    const pool: Rotating<Pool> = await rotating(await secrets.get(TOKEN), text => new Pool(text), {
      retire: async old => await Promise.reject(new TypeError(old.madeFrom)),
    })
    await change(value("second"))
    await clock.advance("30s")
    expect(saidOf("callbackFailed")).toEqual([
      { is: "callbackFailed", secret: TOKEN, version: "v2", attempt: 1, retried: false, reason: "TypeError" },
    ])
    expect(pool.current().madeFrom).toBe(value("second"))
  })

  it("is not that of Secrets: close() retires the old ones and leaves the current one to whoever drains", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { make, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, { retire, after: "1h" })
    await change(value("second"))
    await secrets.close()
    expect(ended()).toEqual([true, false])
    expect(pool.current().madeFrom).toBe(value("second"))
    expect(await pool.use(each => each.ended)).toBe(false)
    await pool.close()
    expect(ended()).toEqual([true, true])
    expect(clock.pending).toEqual([])
  })

  it("of Secrets waits no longer than it may for calls under way, nor fails with what retire throws", async () => {
    const { secrets, change, value, clock, said, saidOf } = tallyRig({ callTimeout: "5s" })
    const { make, ended } = factory()
    const pool = await rotating(await secrets.get(TOKEN), make, {
      retire: old => {
        old.end()
        throw new TypeError(old.madeFrom)
      },
    })
    const held = gate()
    const call = pool.use(() => held.promise)
    await change(value("second"))
    const closing = secrets.close()
    await clock.advance("4s")
    expect(await stateOf(closing, clock)).toBe("pending")
    await clock.advance("1s")
    await closing
    expect(ended()).toEqual([false, false])
    held.open()
    await call
    await clock.settle()
    expect(ended()).toEqual([true, false])
    expect(saidOf("callbackFailed")).toMatchObject([{ reason: "TypeError" }])
    expect(said.at(-1)?.is).toBe("callbackFailed")
  })

  it("of Secrets retires what comes out of a making that was under way", async () => {
    const { secrets, change, value, clock } = tallyRig({ callTimeout: "5s" })
    const slow = gate()
    const { make, ended } = factory(count => (count === 2 ? slow.promise : undefined))
    const pool = await rotating(await secrets.get(TOKEN), make, { retire })
    await change(value("second"))
    const closing = secrets.close()
    slow.open()
    await closing
    expect(pool.current().madeFrom).toBe(value("first"))
    expect(ended()).toEqual([false, true])
    expect(clock.pending).toEqual([])
  })
})
