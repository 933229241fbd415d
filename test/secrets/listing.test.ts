import { describe, expect, it } from "vitest"
import { SecretError, type SecretInfo, type VersionInfo } from "../../src/core/index.ts"
import { gate, never, rig, scripted } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = []
  for await (const item of items) taken.push(item)
  return taken
}

async function namesOf(list: AsyncIterable<SecretInfo>): Promise<string[]> {
  return (await all(list)).map(({ name }) => name).sort()
}

describe("list()", () => {
  it("gives all secrets without their values, or those under a name", async () => {
    const { secrets, canary } = tallyRig({}, value => ({ "tally/web-key": value("k"), db: value("db") }))
    expect(await namesOf(secrets.list())).toEqual(["db", TOKEN, "tally/web-key"])
    expect(await namesOf(secrets.list({ under: "tally" }))).toEqual([TOKEN, "tally/web-key"])
    expect(await namesOf(secrets.list({ under: "tall" }))).toEqual([])
    canary.watch(await all(secrets.list()))
  })

  it("may take long, as long as no step of the way does", async () => {
    const { secrets, clock } = slow({ callTimeout: "5s" })
    const taken = namesOf(secrets.list())
    await clock.advance("30s")
    expect(await taken).toHaveLength(5)
  })

  it("fails with TIMEOUT at a step that takes too long, after what came before it", async () => {
    const { secrets, clock, failure } = slow({ callTimeout: "3s" })
    const seen: string[] = []
    const listing = failure(
      (async () => {
        for await (const { name } of secrets.list()) seen.push(name)
      })(),
    )
    await clock.advance("30s")
    const error = await listing
    expect([error.code, error.store, seen]).toEqual(["TIMEOUT", "scripted:", []])
  })

  it("leaves no request behind when the caller leaves early", async () => {
    const { secrets, signals, ended, clock } = counting()
    for await (const { name } of secrets.list()) if (name === "a2") break
    await clock.settle()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(ended()).toBe(1)
  })

  it("leaves none behind either when it came to its end, or failed", async () => {
    const { secrets, signals, ended, failure } = counting(new SecretError("DENIED"))
    expect((await failure(all(secrets.list()))).code).toBe("DENIED")
    expect([signals[0]?.aborted, ended()]).toEqual([true, 1])
  })

  it("ends with its signal, before the first step and between two", async () => {
    const { secrets, failure } = tallyRig({}, value => ({ db: value("db") }))
    const before = await failure(all(secrets.list({ signal: AbortSignal.abort() })))
    expect(before.code).toBe("ABORTED")
    const controller = new AbortController()
    const steps = secrets.list({ signal: controller.signal })[Symbol.asyncIterator]()
    expect((await steps.next()).done).toBe(false)
    controller.abort()
    expect((await failure(steps.next())).code).toBe("ABORTED")
    expect(await steps.next()).toEqual({ done: true, value: undefined })
  })

  it("ends with its signal in the middle of a step, whatever the store does", async () => {
    const { secrets, failure, clock } = rig(() => scripted({ list: stuck }))
    const controller = new AbortController()
    const listing = failure(all(secrets.list({ signal: controller.signal })))
    await clock.settle()
    controller.abort()
    expect((await listing).code).toBe("ABORTED")
    // A list that hangs holds close() up for as long as one call may take, and no longer.
    await Promise.all([secrets.close(), clock.advance("5s")])
  })

  it("is CLOSED after close(), and when that comes in its middle", async () => {
    const { secrets, failure } = tallyRig({}, value => ({ db: value("db") }))
    const steps = secrets.list()[Symbol.asyncIterator]()
    await steps.next()
    const begun = secrets.versions(TOKEN)
    await secrets.close()
    expect((await failure(steps.next())).code).toBe("CLOSED")
    expect((await failure(all(begun))).code).toBe("CLOSED")
    expect((await failure(all(secrets.list()))).code).toBe("CLOSED")
  })

  it("tells nothing of what a store of its own kind throws", async () => {
    const { secrets, failure } = rig((_, canary) =>
      scripted({
        // biome-ignore lint/correctness/useYield: it fails before
        async *list(): AsyncGenerator<SecretInfo> {
          throw new Error(canary.text)
        },
      }),
    )
    expect((await failure(all(secrets.list()))).code).toBe("UNAVAILABLE")
  })

  it("is UNSUPPORTED where the store has none, as are versions()", async () => {
    const { secrets, failure } = rig(() => scripted({}))
    expect([secrets.supports("list"), secrets.supports("versions")]).toEqual([false, false])
    const forced = tallyRig().secrets.constructor.prototype as {
      list(): AsyncIterable<unknown>
      versions(name: string): AsyncIterable<unknown>
    }
    const list = await failure(all(forced.list.call(secrets)))
    const versions = await failure(all(forced.versions.call(secrets, "a")))
    expect([list.code, versions.code, versions.secret]).toEqual(["UNSUPPORTED", "UNSUPPORTED", "a"])
  })
})

describe("versions()", () => {
  it("gives all versions without their values, newest first", async () => {
    const { secrets, change, value, canary } = tallyRig()
    await change(value("second"))
    secrets.store.disable(TOKEN, "v1")
    const versions = canary.watch(await all(secrets.versions(TOKEN)))
    expect(versions.map(({ version, current, readable }) => [version, current, readable])).toEqual([
      ["v2", true, true],
      ["v1", false, false],
    ])
  })

  it("is NOT_FOUND and INVALID_NAME where reading would be", async () => {
    const { secrets, failure } = tallyRig()
    const missing = await failure(all(secrets.versions("missing")))
    expect([missing.code, missing.secret]).toEqual(["NOT_FOUND", "missing"])
    expect((await failure(all(secrets.versions("a//b")))).code).toBe("INVALID_NAME")
  })

  it("names the secret of which a step took too long", async () => {
    const { secrets, clock, failure } = rig(() => scripted({ versions: stuck }))
    const listing = failure(all(secrets.versions("a") as AsyncIterable<VersionInfo>))
    await clock.advance("5s")
    expect(await listing).toMatchObject({ code: "TIMEOUT", secret: "a" })
    await Promise.all([secrets.close(), clock.advance("5s")])
  })
})

async function* stuck(): AsyncGenerator<never> {
  yield await never()
}

/** A store whose list takes four seconds for each step. */
function slow(options: { callTimeout: "3s" | "5s" }) {
  return rig(
    clock =>
      scripted({
        async *list(): AsyncGenerator<SecretInfo> {
          for (const name of ["a", "b", "c", "d", "e"]) {
            const step = gate()
            clock.timer("waited-for", 4_000, () => step.open())
            await step.promise
            yield { name }
          }
        },
      }),
    options,
  )
}

/** A store that notes the signals of its lists, and how many have come to an end. */
function counting(failing?: SecretError) {
  const signals: AbortSignal[] = []
  let ended = 0
  const made = rig(() =>
    scripted({
      async *list({ signal }: { signal: AbortSignal }): AsyncGenerator<SecretInfo> {
        signals.push(signal)
        try {
          for (const name of ["a1", "a2", "a3"]) yield { name }
          if (failing !== undefined) throw failing
        } finally {
          ended += 1
        }
      },
    }),
  )
  return { ...made, signals, ended: () => ended }
}
