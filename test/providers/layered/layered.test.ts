import fc from "fast-check"
import { dotenv } from "latchkey/dotenv"
import { env } from "latchkey/env"
import { gcp } from "latchkey/gcp"
import { layered } from "latchkey/layered"
import { memory } from "latchkey/memory"
import { faulty } from "latchkey/testing"
import { describe, expect, it, vi } from "vitest"
import {
  defineStore,
  environmentNames,
  PORTABLE_OR_OWN,
  PORTABLE_RULE,
  SecretError,
  type SecretErrorCode,
  type SecretStore,
} from "../../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { badNames, calm, collect, errorOf, names, oddValues, reveal } from "../calls.ts"
import { newPath, oldFile } from "../files.ts"

/** A store that answers every name with an error. */
function failing(code: SecretErrorCode): SecretStore {
  return {
    ...memory(),
    read: async () => Promise.reject(new SecretError(code)),
    readMany: undefined,
  } as unknown as SecretStore
}

/** A store whose batches hold two names, and that counts what it is asked. */
function counting(content: Record<string, string>, refusal?: SecretErrorCode) {
  const store = memory(content)
  const batches: (readonly string[])[] = []
  const counted: SecretStore = {
    ...store,
    capabilities: { ...store.capabilities, batchSize: 2 },
    async readMany(asked, options) {
      batches.push(asked)
      if (refusal !== undefined) throw new SecretError(refusal)
      return await store.readMany(asked, options)
    },
  }
  return { store: counted, batches }
}

describe("layers of stores", () => {
  it("let the first that has a secret answer", async () => {
    const store = layered([env({ env: { A: "upper" } }), memory({ a: "lower", b: "below" })])
    expect([await reveal(store, "a"), await reveal(store, "b")]).toEqual(["upper", "below"])
    expect(store.location).toBe("layered:?store=env:&store=memory:")
  })

  it("say what each of them can be given when none has it", async () => {
    const path = await oldFile("")
    const error = await errorOf(layered([env({ env: {} }), dotenv(path)]).read("a", calm))
    expect(error).toMatchObject({ code: "NOT_FOUND", secret: "a" })
    expect(error.hint).toBe(`set A in the environment, or add A=… to ${path}`)
  })

  it("are given as one array", async () => {
    const wrong = () => layered(env() as never, memory({}) as never)
    expect((await errorOf(wrong)).message).toContain("layered() takes one array")
  })

  it("end the reading of many with a layer whose batches would hold nothing", async () => {
    const store = memory({ a: "1" })
    const capabilities = { ...store.capabilities, batchSize: 0 }
    const answers = await layered([{ ...store, capabilities }]).readMany(["a", "b"], calm)
    expect(answers.get("a")).toMatchObject({ value: "1" })
  })

  it.each([
    "UNAVAILABLE",
    "DENIED",
    "DISABLED",
    "MISCONFIGURED",
    "INVALID_VALUE",
    "TIMEOUT",
  ] as const)("let none below answer for one that says %s", async code => {
    const store = layered([failing(code), memory({ a: "lower" })])
    expect((await errorOf(store.read("a", calm))).code).toBe(code)
    expect((await store.readMany(["a"], calm)).get("a")).toMatchObject({ code })
  })

  it("pass over one that cannot hold the name, because it cannot be there", async () => {
    const store = layered([env({ env: {} }), memory({ "MyApp/Prod": "1", "a-file": "2" })])
    expect([await reveal(store, "MyApp/Prod"), await reveal(store, "a-file")]).toEqual(["1", "2"])
    const answers = await store.readMany(["MyApp/Prod", "a-file"], calm)
    expect([...answers.values()]).toMatchObject([{ value: "1" }, { value: "2" }])
  })

  it.each(badNames)("refuse the name %j, which none can hold", async name => {
    const store = layered([env({ env: {} }), memory()])
    expect((await errorOf(store.read(name, calm))).code).toBe("INVALID_NAME")
  })

  it("say which rule a portable name breaks that none can hold, once for all that have the same", async () => {
    const store = layered([env({ env: {} }), dotenv({ path: await newPath(), optional: true })])
    const { hint } = await errorOf(store.read("tally/secret-file", calm))
    expect(hint).toBe(environmentNames.rule)
  })

  it.each(["tally token", "tally/Api_Token"])("say what a portable name is where %j is none", async name => {
    const store = layered([env({ env: {} }), dotenv({ path: await newPath(), optional: true })])
    const { hint } = await errorOf(store.read(name, calm))
    expect(hint).toBe(`${PORTABLE_OR_OWN}${environmentNames.rule}`)
    expect(hint).toContain(PORTABLE_RULE)
    expect((await errorOf(env({ env: {} }).read(name, calm))).hint).toBe(hint)
  })

  it("say the rule of each layer where they differ, in their order", async () => {
    const store = layered([env({ env: {} }), gcp({ project: "my-project" })])
    const { hint } = await errorOf(store.read("tally.token", calm))
    expect(hint).toMatch(/^a portable name is .*an environment variable is .*; a name here is up to 255/)
    expect(hint?.split(PORTABLE_RULE)).toHaveLength(2)
  })

  it("say that none can hold a name where a layer gives no rule", async () => {
    const store = layered([
      {
        ...memory(),
        canonical: () => {
          throw new SecretError("INVALID_NAME")
        },
      },
    ])
    const { hint } = await errorOf(store.read("a", calm))
    expect(hint).toBe("none of the layers can hold a secret of this name")
  })

  it("keep a secret with the layer in which it was found, also when it is deleted there", async () => {
    const upper = memory({ a: "upper" })
    const store = layered([upper, memory({ a: "lower" })])
    await reveal(store, "a")
    await upper.delete("a", calm)
    const error = await errorOf(store.read("a", calm))
    expect(error).toMatchObject({ code: "NOT_FOUND" })
    expect(error.message).toContain("it was in memory:")
    expect((await store.readMany(["a"], calm)).get("a")).toMatchObject({ code: "NOT_FOUND" })
    expect(await names(store.list(calm))).toEqual([])
    await upper.write("a", "again", calm)
    expect(await reveal(store, "a")).toBe("again")
  })

  it("keep a secret with a lower layer, also when an upper one gets it later", async () => {
    const upper = memory()
    const store = layered([upper, memory({ a: "lower" })])
    await store.readMany(["a"], calm)
    await upper.write("a", "upper", calm)
    expect(await reveal(store, "a")).toBe("lower")
  })

  it("keep a secret that was found switched off with its layer", async () => {
    const upper = memory({ a: "upper" })
    upper.disable("a")
    const store = layered([upper, memory({ a: "lower" })])
    expect((await errorOf(store.read("a", calm))).code).toBe("DISABLED")
    await upper.delete("a", calm)
    expect((await errorOf(store.read("a", calm))).code).toBe("NOT_FOUND")
  })

  it("do not learn from a layer that refused to tell", async () => {
    const upper = faulty(memory())
    const store = layered([upper, memory({ a: "lower" })])
    upper.faults.fail("read", "DENIED", { times: 1 })
    expect((await errorOf(store.read("a", calm))).code).toBe("DENIED")
    expect(await reveal(store, "a")).toBe("lower")
  })

  it("say in a version which layer it is of, and read older ones there", async () => {
    const lower = memory({ a: "1" })
    const store = layered([env({ env: { B: "x" } }), lower])
    await lower.write("a", "2", calm)
    expect((await store.read("a", calm)).version).toBe("1:v2")
    expect(await store.read("a", { ...calm, version: "1:v1" })).toMatchObject({ value: "1", version: "1:v1" })
    const infos = await collect(store.versions("a", calm))
    expect(infos.map(info => info.version)).toEqual(["1:v2", "1:v1"])
    for (const version of ["v1", "2:v1", "x:v1", "01:v1", ""]) {
      expect((await errorOf(store.read("a", { ...calm, version }))).code).toBe("NOT_FOUND")
    }
    const { version } = await store.read("b", calm)
    expect((await errorOf(store.read("b", { ...calm, version }))).code).toBe("UNSUPPORTED")
    expect((await errorOf(collect(store.versions("b", calm)))).code).toBe("UNSUPPORTED")
    expect((await errorOf(collect(store.versions("c", calm)))).code).toBe("NOT_FOUND")
  })

  it.each(oddValues)("give %s back as it is, and show nothing of it", async (_, value) => {
    const canary = newCanary()
    const store = canary.watch(layered([memory({ a: value + canary.text }), memory({ b: value })]))
    expect([await reveal(store, "a"), await reveal(store, "b")]).toEqual([value + canary.text, value])
    expectNoLeak(canary, store)
  })

  it("map names one to one, and back again when they list", async () => {
    const segment = fc.stringMatching(/^[a-z][a-z0-9]{0,2}(-[a-z0-9]{1,2})?$/)
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map(all => all.join("/"))
    const placed = fc.uniqueArray(fc.tuple(name, fc.boolean()), { selector: ([one]) => one, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(placed, async all => {
        const good = all.filter(([one]) => !/[-/]file$/.test(one) && !/^latchkey(\/|$)/.test(one))
        const variable = (one: string) => one.replaceAll("/", "__").replaceAll("-", "_").toUpperCase()
        const upper = Object.fromEntries(good.filter(([, up]) => up).map(([one]) => [variable(one), one]))
        const lower = Object.fromEntries(good.filter(([, up]) => !up).map(([one]) => [one, one]))
        const store = layered([env({ env: upper }), memory(lower)])
        for (const [one] of good) expect(await reveal(store, one)).toBe(one)
        expect(await names(store.list(calm))).toEqual(good.map(([one]) => one).sort())
      }),
    )
  })

  it("refuse an empty list, options that do not exist and what is no list", async () => {
    expect((await errorOf(() => layered([]))).code).toBe("MISCONFIGURED")
    expect((await errorOf(() => layered(undefined as unknown as []))).code).toBe("MISCONFIGURED")
    expect((await errorOf(() => layered([memory()], { order: 1 } as object))).code).toBe("MISCONFIGURED")
  })

  it("look below a prefix, and at renamed secrets beside it", async () => {
    const store = layered([env({ env: { PROD__A: "1" } }), memory({ b: "2" })], {
      prefix: "prod",
      rename: { c: "b" },
    })
    expect([await reveal(store, "a"), await reveal(store, "c")]).toEqual(["1", "2"])
    expect(await names(store.list(calm))).toEqual(["a", "c"])
  })
})

describe("reading many from layers", () => {
  it("asks each layer in batches of its size, and only for what none above has", async () => {
    const [upper, lower] = [counting({ a: "1", b: "2", c: "3" }), counting({ c: "x", d: "4", e: "5" })]
    const store = layered([upper.store, lower.store])
    const answers = await store.readMany?.(["a", "b", "c", "d", "e", "f"], calm)
    const values = ["a", "b", "c", "d", "e"].map(name => (answers?.get(name) as { value?: string }).value)
    expect(values).toEqual(["1", "2", "3", "4", "5"])
    expect(answers?.get("f")).toMatchObject({ code: "NOT_FOUND", secret: "f" })
    expect(upper.batches).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "f"],
    ])
    expect(lower.batches).toEqual([["d", "e"], ["f"]])
    await store.readMany?.(["a", "d"], calm)
    expect(upper.batches.at(-1)).toEqual(["a"])
    expect(lower.batches.at(-1)).toEqual(["d"])
  })

  it.each([
    "DENIED",
    "UNSUPPORTED",
    "THROTTLED",
  ] as const)("fails as a whole when a layer refuses a batch with %s, which says nothing of any one secret", async code => {
    const store = layered([memory({ a: "1" }), counting({ b: "2" }, code).store])
    await expect(store.readMany(["a", "b"], calm)).rejects.toMatchObject({ code })
    expect(await reveal(store, "b")).toBe("2")
  })

  it("answers what upper layers have while a lower one is down", async () => {
    const store = layered([memory({ a: "1" }), counting({ b: "2" }, "UNAVAILABLE").store])
    const answers = await store.readMany(["a", "b"], calm)
    expect([answers.get("a"), answers.get("b")]).toMatchObject([{ value: "1" }, { code: "UNAVAILABLE" }])
  })

  it("reads one by one, at most ten at once, where a layer has no batches", async () => {
    let [now, most] = [0, 0]
    const { readMany: _, ...single } = memory()
    const slow = {
      ...single,
      async read() {
        now += 1
        most = Math.max(most, now)
        await new Promise(resolve => setImmediate(resolve))
        now -= 1
        return { value: "x", version: "v1" }
      },
    } as SecretStore
    const store = layered([slow, memory()])
    const answers = await store.readMany(
      Array.from({ length: 45 }, (_unused, index) => `n${index}`),
      calm,
    )
    expect(answers.size).toBe(45)
    expect(most).toBe(10)
  })

  it("asks once more for what a batch left out", async () => {
    const store = memory({ a: "1" })
    const forgetful = { ...store, readMany: async () => new Map() } as SecretStore
    expect((await layered([forgetful, memory({ a: "2" })]).readMany(["a"], calm)).get("a")).toMatchObject({
      value: "1",
    })
  })

  it("ends with its signal", async () => {
    const controller = new AbortController()
    const store = layered([
      {
        ...memory(),
        readMany: undefined,
        read: async () => Promise.reject(new SecretError("ABORTED")),
      } as unknown as SecretStore,
      memory(),
    ])
    await expect(store.readMany(["a"], { signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    })
  })

  it("turns what a layer of somebody else throws into an error of ours", async () => {
    const canary = newCanary()
    const foreign = {
      ...memory(),
      readMany: undefined,
      read: async () => Promise.reject(new TypeError(canary.text)),
    } as unknown as SecretStore
    const error = await errorOf(layered([foreign, memory({ a: "1" })]).read("a", calm))
    expect(error.code).toBe("UNAVAILABLE")
    expectNoLeak(canary, error)
  })
})

describe("writing to layers", () => {
  it("goes where the secret lives, and with a new one to the first that can write", async () => {
    const [upper, lower] = [memory({ a: "1" }), memory({ b: "2" })]
    const store = layered([env({ env: {} }), upper, lower])
    const infos = [
      await store.write("a", "x", calm),
      await store.write("b", "y", calm),
      await store.write("c", "z", { ...calm, expect: "absent" }),
    ]
    expect(infos.map(info => info.version)).toEqual(["1:v2", "2:v2", "1:v1"])
    expect([await reveal(upper, "a"), await reveal(lower, "b"), await reveal(upper, "c")]).toEqual([
      "x",
      "y",
      "z",
    ])
    expect(await reveal(store, "c")).toBe("z")
  })

  it("is refused where an upper layer that cannot write hides the secret", async () => {
    const lower = memory({ a: "lower" })
    const store = layered([env({ env: { A: "upper" } }), lower])
    const errors = [
      await errorOf(store.write("a", "x", calm)),
      await errorOf(store.delete("a", calm)),
      await errorOf(store.write("a", "x", { ...calm, expect: "absent" })),
    ]
    expect(errors.map(error => error.code)).toEqual(["UNSUPPORTED", "UNSUPPORTED", "CONFLICT"])
    expect(errors[0]?.message).toContain("env:")
    expect(await reveal(lower, "a")).toBe("lower")
  })

  it("goes to the layer in which the secret is switched off", async () => {
    const upper = memory({ a: "1" })
    upper.disable("a")
    const store = layered([upper, memory({ a: "lower" })])
    expect((await store.write("a", "2", calm)).version).toBe("0:v2")
  })

  it("is refused while a layer above cannot say whether it has the secret", async () => {
    const lower = memory()
    const store = layered([failing("UNAVAILABLE"), lower])
    expect((await errorOf(store.write("a", "x", calm))).code).toBe("UNAVAILABLE")
    expect(await names(lower.list(calm))).toEqual([])
  })

  it("goes back to the layer in which the secret was, after it was deleted there", async () => {
    const [upper, lower] = [memory(), memory({ a: "1" })]
    const store = layered([upper, lower])
    await store.delete("a", calm)
    expect((await errorOf(store.delete("a", calm))).code).toBe("NOT_FOUND")
    await store.write("a", "2", { ...calm, expect: "absent" })
    expect(await reveal(lower, "a")).toBe("2")
    expect(await names(upper.list(calm))).toEqual([])
    expect((await errorOf(store.delete("none", calm))).code).toBe("NOT_FOUND")
  })

  it("holds a precondition against the layer in which the secret lives", async () => {
    const store = layered([memory({ a: "1" }), memory({ b: "2" })])
    expect((await errorOf(store.write("a", "x", { ...calm, expect: "1:v1" }))).code).toBe("CONFLICT")
    expect((await errorOf(store.write("b", "x", { ...calm, expect: "0:v1" }))).code).toBe("CONFLICT")
    expect((await errorOf(store.write("b", "x", { ...calm, expect: "v1" }))).code).toBe("CONFLICT")
    expect((await errorOf(store.write("b", "x", { ...calm, expect: "absent" }))).code).toBe("CONFLICT")
    expect((await store.write("b", "x", { ...calm, expect: "1:v1" })).version).toBe("1:v2")
  })

  it("is refused for a name that none of those that can write can hold", async () => {
    const store = layered([
      dotenv({ path: await newPath(), optional: true }),
      readOnly({ "MyApp/Prod": "1" }),
    ])
    expect(await reveal(store, "MyApp/Prod")).toBe("1")
    const error = await errorOf(store.write("MyApp/Test", "x", calm))
    expect(error.code).toBe("INVALID_NAME")
    expect(error.message).toContain("none of the layers that can write")
    expect(error.hint).toMatch(/^an environment variable is letters/)
  })
})

/** A store with any names, that cannot be written. */
function readOnly(content: Record<string, string>): SecretStore {
  const store = memory(content)
  return {
    ...store,
    write: undefined,
    delete: undefined,
    list: undefined,
    watch: undefined,
  } as unknown as SecretStore
}

describe("what layers can do together", () => {
  it("is what one of them can, and listing if all of them can", () => {
    const store: SecretStore = layered([env({ env: {} }), readOnly({})])
    expect(store.write).toBeUndefined()
    expect(store.delete).toBeUndefined()
    expect(store.list).toBeUndefined()
    expect(store.watch).toBeUndefined()
    expect(store.readMany).toBeDefined()
    const both: SecretStore = layered([env({ env: {} }), memory()])
    expect(Object.keys(both)).toEqual(
      expect.arrayContaining(["readMany", "write", "list", "versions", "delete", "watch"]),
    )
  })

  it("promises of writes only what all that can be written have", () => {
    const file = dotenv({ optional: true })
    expect(layered([env({ env: {} }), memory()]).capabilities).toEqual({
      ...memory().capabilities,
      batchSize: Number.MAX_SAFE_INTEGER,
    })
    expect(layered([file, memory()]).capabilities).toMatchObject({
      preconditions: { absent: true, version: true },
      binary: false,
      expiry: false,
      versionedReads: true,
      local: true,
    })
    expect(layered([env({ env: {} })]).capabilities).toEqual(env({ env: {} }).capabilities)
  })

  it("does not take the capabilities of the layers for more than they are", async () => {
    const remote = defineStore({
      kind: "remote",
      location: "remote:",
      names: { rule: "any", toNative: name => name, toPortable: name => name, holds: () => true },
      capabilities: {
        preconditions: { absent: false, version: false },
        versionedReads: false,
        batchSize: 1,
        binary: true,
        expiry: false,
        softDelete: true,
        local: false,
      },
      read: async () => Promise.reject(new SecretError("NOT_FOUND")),
      write: async () => ({ version: "1", current: true, readable: true }),
      ping: async () => {},
      close: async () => {},
    })
    const store = layered([remote, memory()])
    expect(store.capabilities).toMatchObject({
      preconditions: { absent: false, version: false },
      softDelete: true,
      local: false,
    })
    expect((await errorOf(store.write("a", "x", { ...calm, expect: "absent" }))).code).toBe("UNSUPPORTED")
  })

  it("lists every name once, and not those that mean something else here", async () => {
    const upper = env({ env: { A: "1", TALLY_TOKEN: "2" } })
    const lower = memory({ a: "x", b: "y", TALLY_TOKEN: "hidden", "MyApp/Prod": "z" })
    const store = layered([upper, lower])
    expect(store.canonical("TALLY_TOKEN")).toBe("tally-token")
    expect(await names(store.list(calm))).toEqual(["MyApp/Prod", "a", "b", "tally-token"])
    for (const name of await names(store.list(calm))) expect(store.canonical(name)).toBe(name)
  })

  it("is reached when all are, and is closed with all, also when one fails", async () => {
    const path = await newPath()
    const closed = vi.fn(async () => {})
    const last = { ...memory(), close: closed } as SecretStore
    const broken = {
      ...memory(),
      close: async () => Promise.reject(new SecretError("UNAVAILABLE")),
    } as SecretStore
    const store = layered([dotenv(path), broken, last])
    expect((await errorOf(store.ping(calm))).code).toBe("MISCONFIGURED")
    expect((await errorOf(store.close())).code).toBe("UNAVAILABLE")
    expect(closed).toHaveBeenCalledTimes(1)
  })
})

describe("watching layers", () => {
  const failed = () => expect.fail("the watch failed")

  it("tells of every layer that can be watched, until the signal", async () => {
    const [upper, lower] = [memory(), memory()]
    const store = layered([env({ env: {} }), upper, lower])
    const controller = new AbortController()
    const told: unknown[] = []
    await store.watch(name => told.push(name), { signal: controller.signal, failed })
    await upper.write("a", "1", calm)
    await lower.write("b", "1", calm)
    controller.abort()
    await lower.write("c", "1", calm)
    expect(told).toEqual(["a", "b"])
  })

  it("ends as a whole when one layer's watch ends, and says so once", async () => {
    const fails: ((error: SecretError) => void)[] = []
    const fragile = (): SecretStore => ({
      ...memory(),
      watch: async (_hint: unknown, options: { failed(error: SecretError): void }) =>
        void fails.push(error => options.failed(error)),
    })
    const sound = memory()
    const store = layered([fragile(), fragile(), sound])
    const told: unknown[] = []
    const failures: string[] = []
    await store.watch?.(name => told.push(name), {
      ...calm,
      failed: error => failures.push(error.code),
    })
    for (const fail of fails) fail(new SecretError("UNAVAILABLE"))
    await sound.write("a", "1", calm)
    expect([failures, told]).toEqual([["UNAVAILABLE"], []])
  })

  it("is not armed when one layer cannot be, and leaves none armed", async () => {
    const sound = memory()
    const refusing = {
      ...memory(),
      watch: async () => Promise.reject(new SecretError("UNAVAILABLE")),
    } as SecretStore
    const told: unknown[] = []
    const store = layered([sound, refusing])
    expect((await errorOf(store.watch(name => told.push(name), { ...calm, failed }))).code).toBe(
      "UNAVAILABLE",
    )
    await sound.write("a", "1", calm)
    expect(told).toEqual([])
  })

  it("is not armed when one layer's watch ends while it is being armed", async () => {
    const hasty = {
      ...memory(),
      watch: async (_hint: unknown, options: { failed(error: SecretError): void }) =>
        options.failed(new SecretError("UNAVAILABLE")),
    } as SecretStore
    const store = layered([hasty, memory()])
    expect((await errorOf(store.watch(() => {}, { ...calm, failed }))).code).toBe("UNAVAILABLE")
  })
})
