import { describe, expect, it } from "vitest"
import {
  defineStore,
  isPortableName,
  type NameRule,
  type ReadOptions,
  SecretError,
  type SecretStore,
  type SecretValue,
  type StoreCapabilities,
  type StoreDefinition,
  type StoredSecret,
} from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const names: NameRule = {
  rule: "letters and underscores",
  toNative: portable => portable.replaceAll("/", "__").replaceAll("-", "_"),
  toPortable(native) {
    const portable = native.replaceAll("__", "/").replaceAll("_", "-")
    return isPortableName(portable) ? portable : undefined
  },
  holds: native => /^[A-Za-z_0-9]+$/.test(native),
}

const capabilities: StoreCapabilities = {
  preconditions: { absent: false, version: false },
  versionedReads: false,
  batchSize: 10,
  binary: false,
  expiry: false,
  softDelete: false,
  local: false,
}

const LOCATION = "test://here"
const calm = (): { signal: AbortSignal } => ({ signal: new AbortController().signal })
const answer = (value: SecretValue): StoredSecret => ({ value, version: "v1" })

/** A store of a definition that answers everything, changed in places. */
function made(change: Partial<StoreDefinition> = {}): Required<SecretStore> {
  return defineStore({
    kind: "test",
    location: LOCATION,
    capabilities,
    names,
    read: async name => answer(`value of ${name}`),
    readMany: async asked => new Map(asked.map(name => [name, answer(`value of ${name}`)])),
    write: async () => ({ version: "v2", current: true, readable: true }),
    async *list() {
      for (const name of ["tally__api_token", "Odd", "not a name", "latchkey__journal", "tally", "tallyho"])
        yield { name, labels: { team: "x" } }
    },
    async *versions() {
      yield { version: "v1", current: true, readable: true }
    },
    delete: async () => undefined,
    watch: async () => undefined,
    ping: async () => undefined,
    close: async () => undefined,
    ...change,
  } as StoreDefinition) as Required<SecretStore>
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

async function failure(call: Promise<unknown>): Promise<SecretError> {
  try {
    await call
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SecretError)
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

/** Each operation as a call with options, for what holds of all of them. */
const OPERATIONS: Record<
  string,
  (store: Required<SecretStore>, options: { signal: AbortSignal }) => Promise<unknown>
> = {
  read: (store, options) => store.read("a", options),
  readMany: (store, options) => store.readMany(["a", "b"], options),
  write: (store, options) => store.write("a", "x", options),
  list: (store, options) => collect(store.list(options)),
  versions: (store, options) => collect(store.versions("a", options)),
  delete: (store, options) => store.delete("a", options),
  watch: (store, options) =>
    store.watch(() => undefined, { signal: options.signal, failed: () => undefined }),
  ping: (store, options) => store.ping(options),
}

/** A definition in which one operation throws. */
const throwing = (operation: string, thrown: unknown): Partial<StoreDefinition> => ({
  [operation]:
    operation === "list" || operation === "versions"
      ? async function* () {
          yield { name: "tally", version: "v1", current: true, readable: true }
          throw thrown
        }
      : async () => {
          throw thrown
        },
})

describe("a defined store", () => {
  it("has what its definition says, and cannot be changed", () => {
    const store = made()
    expect(store).toMatchObject({ kind: "test", location: LOCATION, capabilities })
    expect(() => Object.assign(store, { read: () => undefined })).toThrow(TypeError)
  })

  it("has just the optional operations of its definition", () => {
    const {
      readMany: _,
      watch: __,
      delete: ___,
      ...rest
    } = {
      kind: "test",
      location: LOCATION,
      capabilities,
      names,
      read: async () => answer("x"),
      list: async function* () {},
      readMany: 0,
      watch: 0,
      delete: 0,
      ping: async () => undefined,
      close: async () => undefined,
    }
    const store = defineStore(rest)
    expect(Object.keys(store).sort()).toEqual([
      "canonical",
      "capabilities",
      "close",
      "kind",
      "list",
      "location",
      "ping",
      "read",
    ])
  })

  it("shows its backend only the backend's own names", async () => {
    const asked: unknown[] = []
    const store = made({
      naming: { prefix: "prod", rename: { token: "TOKEN" } },
      read: async name => answer(String(asked.push(name))),
      readMany: async names => {
        asked.push(names)
        return new Map()
      },
      write: async (name, value) => {
        asked.push([name, value])
        return { version: "v2", current: true, readable: true }
      },
      delete: async name => void asked.push(name),
      async *versions(name) {
        asked.push(name)
        yield { version: "v1", current: true, readable: true }
      },
    })
    await store.read("tally/api-token", calm())
    await store.read("token", calm())
    await store.readMany(["a", "TOKEN", "token", "a"], calm())
    await store.write("a", "x", calm())
    await store.delete("a", calm())
    await collect(store.versions("a/b", calm()))
    expect(asked).toEqual([
      "prod__tally__api_token",
      "TOKEN",
      ["prod__a", "TOKEN"],
      ["prod__a", "x"],
      "prod__a",
      "prod__a__b",
    ])
  })

  it("keeps the `this` of a definition that is an instance", async () => {
    class Backend {
      readonly kind = "test"
      readonly location = LOCATION
      readonly capabilities = capabilities
      readonly names = names
      readonly held = new Map([["a", "x"]])
      async read(name: string): Promise<StoredSecret> {
        return answer(this.held.get(name) ?? "")
      }
      async readMany(asked: readonly string[]): Promise<Map<string, StoredSecret>> {
        return new Map(asked.map(name => [name, answer(this.held.get(name) ?? "")]))
      }
      async *list(): AsyncGenerator<{ name: string }> {
        for (const name of this.held.keys()) yield { name }
      }
      async ping(): Promise<void> {
        this.held.set("pinged", "yes")
      }
      async close(): Promise<void> {
        this.held.clear()
      }
    }
    const backend = new Backend()
    const store = defineStore(backend)
    expect((await store.read("a", calm())).value).toBe("x")
    expect((await store.readMany(["a"], calm())).get("a")).toMatchObject({ value: "x" })
    await store.ping(calm())
    expect((await collect(store.list(calm()))).map(info => info.name)).toEqual(["a", "pinged"])
    await store.close()
    expect(backend.held.size).toBe(0)
  })
})

describe("a definition", () => {
  it.each([0, -1, Number.NaN])("with batches of %s names is refused", batchSize => {
    expect(() => made({ capabilities: { ...capabilities, batchSize } })).toThrow("batchSize")
  })

  it("is not disturbed by a hint that throws", async () => {
    let hinted = 0
    const store = made({
      async watch(hint) {
        hint("a")
        hint()
      },
    })
    const failing = () => {
      hinted += 1
      throw new Error("of the program")
    }
    await store.watch(failing, { ...calm(), failed: () => undefined })
    expect(hinted).toBe(2)
  })
})

describe("the list of a defined store", () => {
  it("has portable names where there are some, and neither what is reserved nor what cannot be asked for", async () => {
    const infos = await collect(made().list(calm()))
    expect(infos.map(info => info.name)).toEqual(["tally/api-token", "Odd", "tally", "tallyho"])
    expect(infos[0]).toEqual({ name: "tally/api-token", labels: { team: "x" } })
  })

  it("has only what stands under a name, if that is asked for", async () => {
    const infos = await collect(made().list({ ...calm(), under: "tally" }))
    expect(infos.map(info => info.name)).toEqual(["tally/api-token", "tally"])
  })

  it.each([
    [undefined, undefined, undefined],
    [undefined, "tally/api-token", "tally__api_token"],
    [undefined, "Odd", "Odd"],
    ["prod", undefined, "prod"],
    ["prod", "tally", "prod__tally"],
    ["prod", "Odd", undefined],
    ["prod", "renamed", undefined],
  ])("with the prefix %s and under %s is asked of the backend in its own spelling: %s", async (prefix, under, native) => {
    const asked: unknown[] = []
    const store = made({
      naming: { prefix, rename: { "renamed/a": "ELSEWHERE" } },
      async *list({ under }) {
        asked.push(under)
        yield { name: "ELSEWHERE" }
      },
    })
    const found = await collect(store.list(under === undefined ? calm() : { ...calm(), under }))
    expect(asked).toEqual([under === undefined ? undefined : native])
    if (under === undefined || under === "renamed")
      expect(found.map(info => info.name)).toEqual(["renamed/a"])
  })

  it("asks for less under a prefix alone, too", async () => {
    const asked: unknown[] = []
    const store = made({
      naming: { prefix: "prod" },
      async *list({ under }) {
        asked.push(under)
        yield { name: "prod__a" }
      },
    })
    expect((await collect(store.list(calm()))).map(info => info.name)).toEqual(["a"])
    expect(asked).toEqual(["prod"])
  })

  it("ends with ABORTED when the signal aborts between two items", async () => {
    const controller = new AbortController()
    const seen: string[] = []
    const call = (async () => {
      for await (const info of made().list({ signal: controller.signal })) {
        seen.push(info.name)
        controller.abort()
      }
    })()
    expect((await failure(call)).code).toBe("ABORTED")
    expect(seen).toHaveLength(1)
  })

  it("lets the backend clean up when it is left before the end", async () => {
    let cleaned = false
    const store = made({
      async *list() {
        try {
          yield { name: "a" }
          yield { name: "b" }
        } finally {
          cleaned = true
        }
      },
    })
    for await (const _ of store.list(calm())) break
    expect(cleaned).toBe(true)
  })
})

describe("what a backend throws", () => {
  const hostile = new Proxy(new Error("x"), {
    get() {
      throw new Error("do not look")
    },
    getPrototypeOf() {
      throw new Error("do not look")
    },
  })
  const getters = {
    get name(): string {
      throw new Error("do not look")
    },
    get message(): string {
      throw new Error("do not look")
    },
  }

  for (const [operation, call] of Object.entries(OPERATIONS)) {
    it(`becomes UNAVAILABLE in ${operation} if nobody knows it, whatever it is`, async () => {
      const canary = newCanary()
      class ServiceError extends Error {
        readonly headers = { authorization: canary.text }
        override readonly message = `GET with ${canary.text}`
      }
      const odd: [thrown: unknown, shown: string][] = [
        [new ServiceError(), "ServiceError"],
        [new TypeError(canary.text, { cause: canary.text }), "TypeError"],
        [canary.text, "string"],
        [null, "object"],
        [undefined, "undefined"],
        [7, "number"],
        [Symbol(canary.text), "symbol"],
        [{ token: canary.text }, "Object"],
        [Object.create(null), "object"],
        [hostile, "object"],
        [getters, "Object"],
      ]
      for (const [thrown, shown] of odd) {
        const error = await failure(call(made(throwing(operation, thrown)), calm()))
        expect(error).toMatchObject({ code: "UNAVAILABLE", transient: true, store: LOCATION })
        expect(error.message).toContain(shown === "object" ? "(object)" : `(${shown})`)
        expectNoLeak(canary, error)
      }
    })

    it(`is kept in ${operation} if it is an error of ours, and told where it came from`, async () => {
      const thrown = new SecretError("THROTTLED", {
        retryAfterMs: 3_000,
        requestId: "r-1",
        message: "slowly",
        hint: "wait",
        outcome: "unknown",
        transient: false,
        lastCode: "TIMEOUT",
        problems: [new SecretError("DENIED")],
      })
      const error = await failure(call(made(throwing(operation, thrown)), calm()))
      expect(error).toMatchObject({
        code: "THROTTLED",
        retryAfterMs: 3_000,
        requestId: "r-1",
        plainMessage: "slowly",
        hint: "wait",
        outcome: "unknown",
        transient: false,
        lastCode: "TIMEOUT",
        store: LOCATION,
      })
      expect(error.problems).toHaveLength(1)
      const named = ["read", "write", "versions", "delete"].includes(operation)
      expect(error.secret).toBe(named ? "a" : undefined)
    })

    it(`is ABORTED in ${operation} if the caller's signal has aborted meanwhile`, async () => {
      const controller = new AbortController()
      const store = made({
        ...throwing(operation, new Error("socket hang up")),
        ...(["list", "versions"].includes(operation)
          ? {
              // biome-ignore lint/correctness/useYield: it fails before its first item
              [operation]: async function* () {
                controller.abort()
                throw new Error("socket hang up")
              },
            }
          : {
              [operation]: async () => {
                controller.abort()
                throw new Error("socket hang up")
              },
            }),
      })
      expect(await failure(call(store, controller))).toMatchObject({ code: "ABORTED", store: LOCATION })
    })

    it(`does not come to that in ${operation} if the signal has aborted before`, async () => {
      let asked = 0
      const count = async (): Promise<void> => void asked++
      const store = made({ [operation]: count })
      expect(await failure(call(store, { signal: AbortSignal.abort() }))).toMatchObject({
        code: "ABORTED",
        store: LOCATION,
      })
      expect(asked).toBe(0)
    })
  }

  it("is an answer of close() like any other", async () => {
    const error = await failure(made(throwing("close", new Error("x"))).close())
    expect(error).toMatchObject({ code: "UNAVAILABLE", store: LOCATION })
  })

  it("is translated by the backend's table, which sees the name that the backend has for the secret", async () => {
    const seen: unknown[] = []
    const errors = (_: unknown, operation: string, native?: string): undefined => {
      seen.push([operation, native])
    }
    for (const [operation, call] of Object.entries(OPERATIONS))
      await failure(call(made({ ...throwing(operation, new Error("x")), errors }), calm()))
    const about = ["read", "write", "versions", "delete"]
    expect(seen).toEqual(
      Object.keys(OPERATIONS).map(operation => [operation, about.includes(operation) ? "a" : undefined]),
    )
  })

  it("is translated by the backend's table, which sees the operation", async () => {
    const seen: unknown[] = []
    const store = made({
      ...throwing("read", { status: 429 }),
      errors(thrown, operation, native) {
        seen.push([operation, native])
        return (thrown as { status?: number }).status === 429
          ? { code: "THROTTLED", retryAfterMs: 1_000, hint: "slow down" }
          : undefined
      },
    })
    const error = await failure(store.read("tally/api-token", calm()))
    const secret = "tally/api-token"
    expect(error).toMatchObject({ code: "THROTTLED", retryAfterMs: 1_000, secret, store: LOCATION })
    expect(seen).toEqual([["read", "tally__api_token"]])
  })

  it("says what to do next if it is a CONFLICT of a write, and the backend says nothing", async () => {
    const hintOf = async (preconditions: StoreCapabilities["preconditions"], thrown: SecretError) => {
      const store = made({
        ...throwing("write", thrown),
        capabilities: { ...capabilities, preconditions },
      })
      return (await failure(store.write("a", "x", { ...calm(), expect: "absent" }))).hint
    }
    const conflict = new SecretError("CONFLICT", { message: "there is one" })
    const both = { absent: true, version: true }
    expect(await hintOf(both, conflict)).toBe(
      "read it again, decide anew, and write with expect: the version that it has then",
    )
    expect(await hintOf({ absent: true, version: false }, conflict)).toBe(
      "read it again, decide anew, and write without expect",
    )
    expect(await hintOf(both, new SecretError("CONFLICT", { hint: "undelete it" }))).toBe("undelete it")
    expect(await hintOf(both, new SecretError("DENIED"))).toBeUndefined()
  })

  it("becomes UNAVAILABLE where the table itself fails over it", async () => {
    const canary = newCanary()
    const errors = (thrown: unknown): undefined => {
      throw new TypeError(`cannot read ${(thrown as { status: number }).status} ${canary.text}`)
    }
    for (const thrown of [null, hostile, {}]) {
      const error = await failure(made({ ...throwing("read", thrown), errors }).read("a", calm()))
      expect(error.code).toBe("UNAVAILABLE")
      expectNoLeak(canary, error)
    }
  })

  it("may be thrown at once instead of rejected", async () => {
    const store = made({
      read(): Promise<StoredSecret> {
        throw new RangeError("x")
      },
    })
    expect((await failure(store.read("a", calm()))).message).toContain("(RangeError)")
  })

  it("is not renamed if it says already where it is from", async () => {
    const thrown = new SecretError("DENIED", { secret: "x", store: "elsewhere:" })
    expect(await failure(made(throwing("read", thrown)).read("a", calm()))).toBe(thrown)
  })
})

describe("the answers of readMany", () => {
  it("stand under the names that were asked for, in whatever spelling", async () => {
    const store = made()
    const answers = await store.readMany(["tally/api-token", "tally__api_token", "a"], calm())
    expect([...answers.keys()]).toEqual(["tally/api-token", "tally__api_token", "a"])
    expect(answers.get("tally__api_token")).toBe(answers.get("tally/api-token"))
  })

  it("are errors for names that the backend left out, or answered with an error", async () => {
    const store = made({
      readMany: async () =>
        new Map<string, StoredSecret | SecretError>([
          ["a", answer("x")],
          ["b", new SecretError("DENIED")],
        ]),
    })
    const answers = await store.readMany(["a", "b", "c"], calm())
    expect(answers.get("a")).toEqual(answer("x"))
    expect(answers.get("b")).toMatchObject({ code: "DENIED", secret: "b", store: LOCATION })
    expect(answers.get("c")).toMatchObject({ code: "UNAVAILABLE", secret: "c", store: LOCATION })
  })

  it("are errors for names that are refused, which do not sink the others and are not sent", async () => {
    const asked: unknown[] = []
    const store = made({
      readMany: async names => {
        asked.push(...names)
        return new Map(names.map(name => [name, answer("x")]))
      },
    })
    const answers = await store.readMany(["a", "no//name", "latchkey/x", "b-b"], calm())
    expect(asked).toEqual(["a", "b_b"])
    expect(answers.get("a")).toEqual(answer("x"))
    expect(answers.get("no//name")).toMatchObject({
      code: "INVALID_NAME",
      secret: "no//name",
      store: LOCATION,
    })
    expect(answers.get("latchkey/x")).toMatchObject({ code: "INVALID_NAME" })
    expect(answers.size).toBe(4)
  })

  it("cost no request where no name is left", async () => {
    let requests = 0
    const store = made({
      readMany: async () => {
        requests++
        return new Map()
      },
    })
    expect((await store.readMany([], calm())).size).toBe(0)
    expect((await store.readMany([".."], calm())).size).toBe(1)
    expect(requests).toBe(0)
  })

  it("are one error where the backend answers with what is no map", async () => {
    const store = made({ readMany: async () => null as unknown as Map<string, StoredSecret> })
    expect((await store.readMany(["a"], calm())).get("a")).toMatchObject({ code: "UNAVAILABLE" })
    const broken = made({ readMany: async () => 7 as unknown as Map<string, StoredSecret> })
    expect(await failure(broken.readMany(["a"], calm()))).toMatchObject({
      code: "UNAVAILABLE",
      store: LOCATION,
    })
  })
})

describe("what the capabilities do not promise", () => {
  const refused: Record<string, (store: Required<SecretStore>) => Promise<unknown>> = {
    "an older version": store => store.read("a", { ...calm(), version: "v1" }),
    "a write where there is nothing": store => store.write("a", "x", { ...calm(), expect: "absent" }),
    "a write over a version": store => store.write("a", "x", { ...calm(), expect: "v1" }),
    "a time of expiry": store => store.write("a", "x", { ...calm(), expiresAt: new Date() }),
    bytes: store => store.write("a", Uint8Array.of(0xff), calm()),
  }
  const promised: StoreCapabilities = {
    ...capabilities,
    preconditions: { absent: true, version: true },
    versionedReads: true,
    binary: true,
    expiry: true,
  }
  for (const [what, call] of Object.entries(refused)) {
    it(`is refused before anything is sent: ${what}`, async () => {
      let asked = 0
      const count = async (): Promise<never> => {
        asked++
        throw new Error("it was sent")
      }
      const error = await failure(call(made({ read: count, write: count })))
      expect(error).toMatchObject({ code: "UNSUPPORTED", secret: "a", store: LOCATION, transient: false })
      expect(asked).toBe(0)
    })

    it(`goes through where it is promised: ${what}`, async () => {
      const options: unknown[] = []
      const store = made({
        capabilities: promised,
        read: async (_, given: ReadOptions) => {
          options.push(given)
          return answer("x")
        },
        write: async (_, __, given) => {
          options.push(given)
          return { version: "v2", current: true, readable: true }
        },
      })
      await call(store)
      expect(options).toHaveLength(1)
    })
  }
})

describe("the hints of a watch", () => {
  it("say the portable name, or none where there is none that can be asked for", async () => {
    const hints: unknown[] = []
    const store = made({
      watch: async hint => {
        for (const name of ["tally__api_token", "Odd", undefined, "not a name"]) hint(name)
      },
    })
    await store.watch((...args) => hints.push(args), { ...calm(), failed: () => undefined })
    expect(hints).toEqual([["tally/api-token"], ["Odd"], [undefined], [undefined]])
  })
})

describe("a definition", () => {
  it("whose names do not map one to one is refused at once", () => {
    expect(() => made({ names: { ...names, toPortable: () => undefined } })).toThrow(
      expect.objectContaining({ code: "MISCONFIGURED", store: LOCATION }),
    )
  })
})
