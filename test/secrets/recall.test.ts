import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type StoredSecret, type VersionInfo } from "../../src/core/index.ts"
import { Secrets, type SecretsOptions } from "../../src/secrets/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { gate, rig, scripted } from "../support/rig.ts"
import { schemaOf } from "../support/schemas.ts"
import { TOKEN } from "../support/tally-rig.ts"

/** A store in which a secret was rotated `ago` before this process started. */
async function restarted(ago: "1m" | "11m", options: SecretsOptions = {}) {
  let written: () => Promise<void> = async () => undefined
  const made = rig((clock, canary) => {
    const store = faulty(memory({ [TOKEN]: `first-${canary.text}` }, { clock }), { clock })
    written = async () => {
      await clock.advance("1h")
      await store.write(TOKEN, `second-${canary.text}`, { signal: new AbortController().signal })
      await clock.advance(ago)
    }
    return store
  }, options)
  await written()
  return { ...made, value: (word: string) => `${word}-${made.canary.text}` }
}

describe("the previous value, after a restart", () => {
  it("is read from the store where it keeps versions and the window is open", async () => {
    const { secrets, clock, value } = await restarted("1m")
    const token = await secrets.get(TOKEN)
    await clock.settle()
    expect([token.previous?.reveal(), token.previous?.version]).toEqual([value("first"), "v1"])
    await clock.advance("539s")
    expect(token.previous?.reveal()).toBe(value("first"))
    await clock.advance("1s")
    expect(token.previous).toBeUndefined()
  })

  it("is not asked for where the window has closed", async () => {
    const { secrets, clock, store } = await restarted("11m")
    const token = await secrets.get(TOKEN)
    await clock.settle()
    expect([token.previous, store.calls.count("versions")]).toEqual([undefined, 0])
  })

  it("is given to derived handles and to fields that accept it, and to a callback that names an older version", async () => {
    const { secrets, clock, value } = await restarted("1m")
    const token = await secrets.get(TOKEN)
    const derived = token.map(text => text.length)
    const picky = await secrets.get(TOKEN, { schema: startingWith("second") })
    await clock.settle()
    expect([derived.previous?.reveal(), picky.previous]).toEqual([value("first").length, undefined])
    const told: unknown[] = []
    token.onRotate(({ previous, previousVersion }) => void told.push([previous?.reveal(), previousVersion]), {
      since: "v1",
    })
    await clock.settle()
    expect(told).toEqual([[value("first"), "v1"]])
  })

  it("is tried by use() when the current one is refused, for all who wait for it", async () => {
    const { secrets, store, value, clock } = await restarted("1m", { refresh: "on-read" })
    store.faults.hang("versions")
    const token = await secrets.get(TOKEN)
    const used: string[] = []
    const call = async (given: string) => {
      used.push(given)
      return { status: given === value("first") ? 200 : 401 }
    }
    const calls = Array.from({ length: 10 }, () => token.use(call))
    await clock.settle()
    expect(used).toEqual(Array(10).fill(value("second")))
    await store.faults.heal()
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(store.calls.count("versions")).toBe(1)
  })

  it("is not waited for by a caller who leaves, nor for longer than two calls may take", async () => {
    const { secrets, store, clock } = await restarted("1m", { refresh: "on-read", callTimeout: "5s" })
    store.faults.hang("versions", { deaf: true })
    const token = await secrets.get(TOKEN)
    const refused = { status: 401 }
    const controller = new AbortController()
    const leaving = token.use(async () => refused, { signal: controller.signal })
    const staying = token.use(async () => refused)
    await clock.settle()
    controller.abort()
    expect(await leaving).toBe(refused)
    await clock.advance("5s")
    expect(await staying).toBe(refused)
    await store.faults.heal()
  })

  it("is tried again when the store could not give it for now, after a pause, and not when it never will", async () => {
    const { secrets, store, clock, value } = await restarted("1m", { refresh: "on-read" })
    const throttled = store.faults.fail("versions", "THROTTLED")
    const token = await secrets.get(TOKEN)
    await clock.settle()
    await secrets.refresh()
    await clock.settle()
    expect([token.previous, throttled.struck]).toEqual([undefined, 1])
    throttled.end()
    await clock.advance("5s")
    await secrets.refresh()
    await clock.settle()
    expect(token.previous?.reveal()).toBe(value("first"))

    const other = await restarted("1m", { refresh: "on-read" })
    const denied = other.store.faults.fail("versions", "DENIED")
    const same = await other.secrets.get(TOKEN)
    for (let minute = 0; minute < 3; minute++) {
      await other.clock.advance("1m")
      await other.secrets.refresh()
      await other.clock.settle()
    }
    expect([same.previous, denied.struck]).toEqual([undefined, 1])
    expect(other.secrets.health().status).toBe("ok")
  })

  it("is there for a handle whose schema was still thinking when it came", async () => {
    const { secrets, store, clock, value } = await restarted("1m", { refresh: "on-read" })
    store.faults.hang("versions")
    await secrets.get(TOKEN)
    const thinking = gate()
    const slow = secrets.get(TOKEN, {
      schema: schemaOf(async given => {
        await thinking.promise
        return { value: String(given) }
      }),
    })
    await clock.settle()
    await store.faults.heal()
    await clock.settle()
    thinking.open()
    expect((await slow).previous?.reveal()).toBe(value("first"))
  })

  it("does not come back when the secret was withdrawn while it was read", async () => {
    const { secrets, store, clock } = await restarted("1m", { refresh: "on-read" })
    store.faults.hang("versions")
    const token = await secrets.get(TOKEN)
    await clock.settle()
    await secrets.delete(TOKEN)
    await store.faults.heal()
    await clock.settle()
    expect(token.previous).toBeUndefined()
  })

  it("does not come back when the secret was withdrawn while a schema thought about it", async () => {
    const { secrets, store, clock, value } = await restarted("1m", { refresh: "on-read" })
    const thinking = gate()
    store.faults.hang("versions")
    const slow = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: async (given: unknown) => {
          if (given === value("first")) await thinking.promise
          return { value: given }
        },
      },
    }
    const token = await secrets.get(TOKEN, { schema: slow })
    await store.faults.heal()
    await clock.settle()
    await secrets.delete(TOKEN)
    thinking.open()
    await clock.settle()
    await secrets.put(TOKEN, value("second"))
    expect([token.reveal(), token.previous]).toEqual([value("second"), undefined])
  })

  const DAY = Date.UTC(2026, 0, 1)
  const at = (minutes: number): Date => new Date(DAY - minutes * 60_000)
  type Version = VersionInfo & { readonly value: string }
  const version = (id: string, value: string, more: Partial<Version> = {}): Version => ({
    version: id,
    value,
    current: false,
    readable: true,
    ...more,
  })

  /** `Secrets` on a store with just these versions, newest first, after the previous one was looked for. */
  async function recalledFrom(
    make: (canary: string) => readonly Version[],
    { dated = true, endless = false } = {},
  ) {
    const asked: string[] = []
    const { secrets, canary, clock } = rig(
      (_, canary) => {
        const versions = make(canary.text)
        return scripted(
          {
            async read(_: string, { version: id }: { version?: string }): Promise<StoredSecret> {
              if (id !== undefined) asked.push(id)
              const found = versions.find(info => (id === undefined ? info.current : info.version === id))
              if (found === undefined) throw new SecretError("NOT_FOUND")
              const { value, version, createdAt } = found
              return { value, version, ...(dated && createdAt !== undefined ? { createdAt } : {}) }
            },
            async *versions() {
              for (const { value: _, ...info } of versions) yield info
              if (endless) for (let id = 0; ; id++) yield version(`unreadable-${id}`, "", { readable: false })
            },
          },
          { versionedReads: true },
        )
      },
      { refresh: "on-read" },
    )
    const token = await secrets.get("a")
    await clock.settle()
    return { token, asked, canary, secrets, clock }
  }

  it("is the newest older one that can be read", async () => {
    const { token, asked, canary } = await recalledFrom(text => [
      version("v5", `${text}5`, { createdAt: at(0) }),
      version("v4", `${text}4`, { createdAt: at(1), current: true }),
      version("v3", `${text}3`, { createdAt: at(2), readable: false }),
      version("v2", `${text}2`, { createdAt: at(3) }),
      version("v1", `${text}1`, { createdAt: at(4) }),
    ])
    expect(asked).toEqual(["v2"])
    expect(token.previous?.reveal()).toBe(`${canary.text}2`)
  })

  it("is an older one by the order of the list where the dates are the same or there are none", async () => {
    const { token, asked, canary } = await recalledFrom(text => [
      version("v5", `${text}5`),
      version("v4", `${text}4`, { createdAt: at(1) }),
      version("v3", `${text}3`, { createdAt: at(1), current: true }),
      version("v2", `${text}2`, { createdAt: at(1) }),
      version("v1", `${text}1`, { createdAt: at(4) }),
    ])
    expect(asked).toEqual(["v2"])
    expect(token.previous?.reveal()).toBe(`${canary.text}2`)
  })

  it("is another value, also where the current one has had several versions", async () => {
    const { token, asked, canary } = await recalledFrom(text => [
      version("v4", `${text}2`, { createdAt: at(1), current: true }),
      version("v3", `${text}2`, { createdAt: at(2) }),
      version("v2", `${text}2`),
      version("v1", `${text}1`, { createdAt: at(4) }),
    ])
    expect(asked).toEqual(["v3", "v2", "v1"])
    expect(token.previous?.reveal()).toBe(`${canary.text}1`)
  })

  it("is none where the value itself has been there for longer than the window", async () => {
    const { token, asked } = await recalledFrom(text => [
      version("v3", `${text}2`, { createdAt: at(1), current: true }),
      version("v2", `${text}2`, { createdAt: at(11) }),
      version("v1", `${text}1`, { createdAt: at(12) }),
    ])
    expect(asked).toEqual(["v2"])
    expect(token.previous).toBeUndefined()
  })

  it("is none where there is none, or too many versions stand before it", async () => {
    const alone = await recalledFrom(text => [version("v1", text, { createdAt: at(1), current: true })])
    expect(alone.token.previous).toBeUndefined()
    const crowded = await recalledFrom(text => [version("v1", text, { createdAt: at(1), current: true })], {
      endless: true,
    })
    expect(crowded.token.previous).toBeUndefined()
  })

  it("is looked for by use() where a read does not tell when the version was made", async () => {
    const made = (text: string) => [
      version("v2", `${text}2`, { createdAt: at(1), current: true }),
      version("v1", `${text}1`, { createdAt: at(4) }),
    ]
    const { token, asked, canary } = await recalledFrom(made, { dated: false })
    expect(asked).toEqual([])
    const used: string[] = []
    const call = async (given: string) => {
      used.push(given)
      return { status: 401 }
    }
    await token.use(call)
    expect(used).toEqual([`${canary.text}2`, `${canary.text}1`])

    const undated = await recalledFrom(text => made(text).map(({ createdAt: _, ...info }) => info), {
      dated: false,
    })
    await undated.token.use(call)
    expect(undated.token.previous).toBeUndefined()
  })

  it("is not looked for in a store that keeps no versions", async () => {
    const { secrets, canary } = rig((_, canary) =>
      scripted(
        { read: async () => ({ value: canary.text, version: "v1", createdAt: at(1) }) },
        { versionedReads: true },
      ),
    )
    const token = await secrets.get("a")
    expect(await token.use(async () => ({ status: 401 }))).toEqual({ status: 401 })
    expect([token.reveal(), token.previous]).toEqual([canary.text, undefined])
    expect(secrets).toBeInstanceOf(Secrets)
  })
})

const startingWith = (start: string) => ({
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      String(value).startsWith(start) ? { value: String(value) } : { issues: [{ message: String(value) }] },
  },
})
