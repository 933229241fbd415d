import { describe, expect, it } from "vitest"
import {
  type Duration,
  isSecretError,
  SecretError,
  type SecretStore,
  type SecretValue,
  type StoredSecret,
  type VersionInfo,
} from "../../src/core/index.ts"
import { type Faults, faulty, type Harness, testStore } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import { type ReferenceOptions, reference } from "./reference-store.ts"

// A test of the tests: each planted bug must turn at least the named check red, and the store without it none.

interface Failure {
  readonly check: string
  readonly message: string
}

/** Runs the whole suite without a test framework, and gives the checks that fail. */
async function failuresOf(make: () => Harness, patience: Duration = "150ms"): Promise<Failure[]> {
  const checks: { name: string; body: () => Promise<void> }[] = []
  const withCanary = async (): Promise<Harness> => {
    const harness = make()
    await harness.put("other/canary", canary.text)
    return harness
  }
  testStore("planted", withCanary, {
    describe: (_name, body) => body(),
    it: (name, body) => checks.push({ name, body }),
    patience,
  })
  const canary = newCanary()
  const failures: Failure[] = canary.watch([])
  for (const { name, body } of checks) {
    try {
      await body()
    } catch (thrown) {
      failures.push({ check: name, message: thrown instanceof Error ? thrown.message : typeof thrown })
    }
  }
  return failures
}

type Bug = (store: Required<SecretStore>, harness: Harness) => Partial<SecretStore>

/** A store of its own copies, in front of a service that takes a while. */
function caching(options?: ReferenceOptions): Harness {
  const harness = reference(options)
  const copies = new Map<string, StoredSecret>()
  const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  return {
    ...harness,
    async put(name, value) {
      await turn()
      await harness.put(name, value)
    },
    store: {
      ...harness.store,
      async read(name, options) {
        const copy = copies.get(name) ?? (await harness.store.read(name, options))
        copies.set(name, copy)
        return copy
      },
      ...(harness.store.write && {
        async write(...args: Parameters<NonNullable<SecretStore["write"]>>) {
          await turn()
          return (await harness.store.write?.(...args)) as VersionInfo
        },
      }),
    },
  }
}

/** The reference store with some of its methods replaced. */
function planted(bug: Bug, options?: ReferenceOptions): () => Harness {
  return () => {
    const harness = reference(options)
    const store = { ...harness.store } as Required<SecretStore>
    return { ...harness, store: Object.assign({ ...store }, bug(store, harness)) }
  }
}

/** A store whose failed writes have something of the value in their errors. */
function telling(
  store: Required<SecretStore>,
  tell: (error: SecretError, value: string) => void,
): Partial<SecretStore> {
  return {
    write: (name, value, options) =>
      store.write(name, value, options).catch(thrown => {
        const error = new SecretError(thrown.code, {
          secret: name,
          store: store.location,
          hint: "see the rule",
        })
        tell(error, String(value))
        throw error
      }),
  }
}

const empty: StoredSecret = { value: "", version: "none" }

const BUGS: Readonly<
  Record<string, { readonly bug: Bug; readonly red: RegExp; readonly options?: ReferenceOptions }>
> = {
  "turns missing into empty": {
    bug: store => ({ read: (name, options) => store.read(name, options).catch(() => empty) }),
    red: /^says NOT_FOUND for a secret that is missing/,
  },
  "calls a disabled secret missing": {
    bug: store => ({
      read: (name, options) =>
        store.read(name, options).catch(error => {
          throw error.code === "DISABLED" ? new SecretError("NOT_FOUND") : error
        }),
    }),
    red: /^says DISABLED/,
  },
  "keeps a copy of what it read": {
    bug(store) {
      const copies = new Map<string, StoredSecret>()
      return {
        async read(name, options) {
          const copy = copies.get(name) ?? (await store.read(name, options))
          copies.set(name, copy)
          return copy
        },
      }
    },
    red: /^reads what the service holds now/,
  },
  "ignores signals": {
    bug: store => ({ read: name => store.read(name, { signal: new AbortController().signal }) }),
    red: /^ends every call whose signal has aborted before/,
  },
  "writes although the signal has aborted": {
    bug: store => ({
      async write(name, value, options) {
        await store.write(name, value, { ...options, signal: new AbortController().signal })
        options.signal.throwIfAborted()
        return { version: "x", current: true, readable: true }
      },
    }),
    red: /^ends every call whose signal has aborted before/,
  },
  "hangs when its signal aborts": {
    bug: store => ({
      read: (name, options) =>
        new Promise((resolve, reject) => {
          store.read(name, options).then(
            answer => setImmediate(() => options.signal.aborted || resolve(answer)),
            error => reject(error),
          )
        }),
    }),
    red: /^ends every call whose signal aborts meanwhile/,
  },
  "leaves listeners on the signal": {
    bug: store => ({
      read(name, options) {
        options.signal.addEventListener("abort", () => undefined)
        return store.read(name, options)
      },
    }),
    red: /^takes the listeners off/,
  },
  "leaves out the missing ones when it reads many": {
    bug: store => ({
      async readMany(names, options) {
        const answers = await store.readMany(names, options)
        return new Map([...answers].filter(([, answer]) => !isSecretError(answer)))
      },
    }),
    red: /^answers for each name by itself/,
  },
  "fails as a whole when one of many is denied": {
    bug: store => ({
      async readMany(names, options) {
        const answers = await store.readMany(names, options)
        for (const answer of answers.values()) if (isSecretError(answer)) throw answer
        return answers
      },
    }),
    red: /^answers for each name by itself/,
  },
  "answers under its own spelling when it reads many": {
    bug: store => ({
      async readMany(names, options) {
        const answers = await store.readMany(names, options)
        return new Map(Array.from(answers, ([name, answer]) => [store.canonical(name), answer]))
      },
    }),
    red: /^answers under the names that were asked for/,
  },
  "claims that it reads versions": {
    bug: store => ({ read: (name, { signal }) => store.read(name, { signal }) }),
    red: /^reads the version that is asked for/,
  },
  "reads versions although it says that it cannot": {
    bug: store => ({ capabilities: { ...store.capabilities, versionedReads: false } }),
    red: /^reads the version that is asked for/,
  },
  "ignores a precondition that it claims": {
    bug: store => ({
      write: (name, value, { signal }) => store.write(name, value, { signal }),
    }),
    red: /^creates only what is absent/,
  },
  "has a precondition that it denies": {
    bug: store => ({
      capabilities: { ...store.capabilities, preconditions: { absent: false, version: true } },
    }),
    red: /^creates only what is absent/,
  },
  "looks before it writes, so that two writers win": {
    bug: store => ({
      async write(name, value, { expect, ...options }) {
        const held = await store.read(name, options).catch(() => undefined)
        if (expect === "absent" ? held !== undefined : expect !== undefined && expect !== held?.version)
          throw new SecretError("CONFLICT")
        return await store.write(name, value, options)
      },
    }),
    red: /^lets just one of several writers create/,
  },
  "forgets the time of expiry": {
    bug: store => ({
      write: (name, value, { expiresAt: _, ...options }) => store.write(name, value, options),
    }),
    red: /^keeps the time of expiry/,
  },
  "claims to write and lacks the method": {
    bug: store => ({ capabilities: { ...store.capabilities, expiry: true } }),
    options: { operations: [] },
    red: /^declares nothing for writes/,
  },
  "has preconditions and lacks write": {
    bug: store => ({
      capabilities: { ...store.capabilities, preconditions: { absent: false, version: true } },
    }),
    options: { operations: [] },
    red: /^declares nothing for writes/,
  },
  "takes batches and lacks readMany": {
    bug: store => ({ capabilities: { ...store.capabilities, batchSize: 100 } }),
    options: { operations: [] },
    red: /^declares batches of one name/,
  },
  "deletes softly and lacks delete": {
    bug: store => ({ capabilities: { ...store.capabilities, softDelete: true } }),
    options: { operations: [] },
    red: /^declares no soft deletion/,
  },
  "has older versions and no way to them": {
    bug: store => ({
      capabilities: { ...store.capabilities, versionedReads: true },
      read: (name, { signal }) => store.read(name, { signal }),
    }),
    options: { operations: [] },
    red: /^reads the version that is asked for/,
  },
  "hands out the bytes that it keeps": {
    bug(store) {
      const kept = new Map<string, StoredSecret>()
      return {
        async read(name, options) {
          const answer = await store.read(name, options)
          const first = kept.get(answer.version) ?? answer
          kept.set(answer.version, first)
          return first
        },
      }
    },
    red: /^shares no bytes/,
  },
  "hands out the bytes that it keeps when it reads many": {
    bug(store) {
      const kept = new Map<string, Uint8Array>()
      return {
        async read(name, options) {
          const answer = await store.read(name, options)
          if (typeof answer.value === "string") return answer
          const bytes = kept.get(answer.version) ?? answer.value
          kept.set(answer.version, bytes)
          return { ...answer, value: bytes.slice() }
        },
        async readMany(names, options) {
          const answers = await store.readMany(names, options)
          return new Map(
            Array.from(answers, ([name, answer]) => {
              const bytes = isSecretError(answer) ? undefined : kept.get(answer.version)
              return [name, bytes === undefined ? answer : { ...(answer as StoredSecret), value: bytes }]
            }),
          )
        },
      }
    },
    red: /^shares no bytes/,
  },
  "keeps the bytes that it was given": {
    bug(store) {
      const given = new Map<string, SecretValue>()
      return {
        async read(name, options) {
          const answer = await store.read(name, options)
          const bytes = given.get(name)
          return bytes instanceof Uint8Array ? { ...answer, value: bytes.slice() } : answer
        },
        write(name, value, options) {
          given.set(name, value)
          return store.write(name, value, options)
        },
      }
    },
    red: /^shares no bytes/,
  },
  "trims values": {
    bug: store => ({
      async read(name, options) {
        const answer = await store.read(name, options)
        return { ...answer, value: typeof answer.value === "string" ? answer.value.trim() : answer.value }
      },
    }),
    red: /^gives a value of several lines/,
  },
  "takes bytes for text": {
    bug: store => ({
      async read(name, options) {
        const answer = await store.read(name, options)
        return { ...answer, value: Buffer.from(answer.value as string).toString() }
      },
    }),
    red: /^gives bytes that are no text back unchanged/,
  },
  "cuts a value that is too large": {
    bug: store => ({
      write: (name, value, options) =>
        store.write(name, typeof value === "string" ? value.slice(0, 70_000) : value, options),
    }),
    options: { largest: 70_000 },
    red: /^refuses a value that is larger/,
  },
  "gives one version to all values": {
    bug: store => ({
      read: async (name, options) => ({ ...(await store.read(name, options)), version: "latest" }),
    }),
    red: /^moves the version when the value changes/,
  },
  "gives another version to every read": {
    bug(store) {
      let reads = 0
      return {
        read: async (name, options) => ({ ...(await store.read(name, options)), version: `v${++reads}` }),
      }
    },
    red: /^gives the same version as long as nobody changes/,
  },
  "calls two versions current": {
    bug: store => ({
      async *versions(name, options) {
        for await (const info of store.versions(name, options)) yield { ...info, current: true }
      },
    }),
    red: /^lists the versions of a secret/,
  },
  "lists its oldest version first": {
    bug: store => ({
      async *versions(name, options) {
        const infos: VersionInfo[] = []
        for await (const info of store.versions(name, options)) infos.push(info)
        yield* infos.reverse()
      },
    }),
    red: /^lists versions newest first/,
  },
  "reads versions of what was deleted": {
    bug(store) {
      const kept = new Map<string, StoredSecret>()
      return {
        async read(name, options) {
          const old = kept.get(`${name} ${options.version}`)
          if (old !== undefined && !options.signal.aborted) return old
          const answer = await store.read(name, options)
          kept.set(`${name} ${answer.version}`, answer)
          return answer
        },
      }
    },
    red: /^removes a secret with all its versions/,
  },
  "lists versions of what was deleted": {
    bug(store) {
      const kept = new Map<string, VersionInfo>()
      return {
        async write(name, value, options) {
          const info = await store.write(name, value, options)
          kept.set(name, info)
          return info
        },
        async delete(name, options) {
          kept.set(name, { version: "deleted", current: false, readable: false })
          await store.delete(name, options)
        },
        async *versions(name, options) {
          const tombstone = kept.get(name)
          if (tombstone?.version === "deleted") yield tombstone
          else yield* store.versions(name, options)
        },
      }
    },
    red: /^removes a secret with all its versions/,
  },
  "lets names lead elsewhere": {
    bug: store => ({
      canonical: name => name,
      read: async (name, options) => (name.includes("..") ? empty : store.read(name, options)),
    }),
    red: /^refuses names that could lead elsewhere/,
  },
  "lists its own spelling": {
    bug: store => ({
      async *list(options) {
        for await (const info of store.list(options)) yield { ...info, name: info.name.replaceAll("/", "--") }
      },
    }),
    red: /^lists what is there by its portable name/,
  },
  "lists neighbours, too": {
    bug: store => ({
      async *list({ signal, under }) {
        for await (const info of store.list({ signal })) if (info.name.startsWith(under ?? "")) yield info
      },
    }),
    red: /^lists what stands below a name/,
  },
  "lists reserved names": {
    bug: store => ({
      async *list(options) {
        yield { name: "latchkey/journal" }
        yield* store.list(options)
      },
    }),
    red: /^lists nothing under the reserved/,
  },
  "lists without an end": {
    bug: () => ({
      async *list() {
        for (let count = 0; ; count++) yield { name: `endless-n${count}` }
      },
    }),
    red: /^lists what is there by its portable name/,
  },
  "lists values": {
    bug: store => ({
      async *list(options) {
        for await (const info of store.list(options))
          yield { ...info, labels: { value: String((await store.read(info.name, options)).value) } }
      },
    }),
    red: /^lists no value/,
  },
  "shows a value when it is printed": {
    bug(store) {
      const last = { value: "" }
      return {
        async read(name, options) {
          const answer = await store.read(name, options)
          last.value = String(answer.value)
          return answer
        },
        ...{ last },
      }
    },
    red: /^shows no value when it is printed/,
  },
  "quotes the value in an error": {
    bug: store => ({
      write: (name, value, options) =>
        store.write(name, value, options).catch(error => {
          throw new SecretError(error.code, { message: `could not write ${value}`, hint: error.hint })
        }),
    }),
    red: /^tells no value in an error/,
  },
  "quotes the value beside the message, out of sight": {
    bug: store =>
      telling(store, (error, value) => {
        Object.defineProperty(error, "requestId", { value, enumerable: false })
      }),
    red: /^tells no value in an error/,
  },
  "quotes the value in base64 in an error": {
    bug: store =>
      telling(store, (error, value) => {
        Object.assign(error, { requestId: btoa(`{"value":"${value}"}`) })
      }),
    red: /^tells no value in an error/,
  },
  "quotes the value in hex in a problem of an error": {
    bug: store =>
      telling(store, (error, value) => {
        const hint = Buffer.from(value).toString("hex").toUpperCase()
        const problems = [Object.assign(new SecretError("DENIED"), { hint })]
        Object.defineProperty(error, "problems", { value: problems, enumerable: false })
      }),
    red: /^tells no value in an error/,
  },
  "attaches the bytes of its request to an error": {
    bug: store =>
      telling(store, (error, value) => {
        Object.defineProperty(error, "broken", {
          get: () => {
            throw new TypeError("a getter of somebody else's")
          },
        })
        Object.assign(error, { [Symbol("request")]: new Map([["body", Buffer.from(value)]]) })
      }),
    red: /^tells no value in an error/,
  },
  "attaches the error of its service": {
    bug: store => ({
      read: (name, options) =>
        store.read(name, options).catch(error => {
          throw Object.assign(new SecretError(error.code, { secret: name, store: store.location }), {
            cause: new Error("403"),
          })
        }),
    }),
    red: /^says NOT_FOUND for a secret that is missing/,
  },
  "throws the error of its service": {
    bug: store => ({
      read: (name, options) =>
        store.read(name, options).catch(() => {
          throw new TypeError("404")
        }),
    }),
    red: /^says NOT_FOUND for a secret that is missing/,
  },
  "throws at once instead of rejecting": {
    bug: store => ({
      read(name, options) {
        store.canonical(name)
        return store.read(name, options)
      },
    }),
    red: /^refuses names that could lead elsewhere/,
  },
  "has a password in its location": {
    bug: () => ({ location: "reference://user:password@host/secret" }),
    red: /^has a kind, and a location/,
  },
  "is armed before it watches": {
    bug: store => ({
      async watch(hint, options) {
        setTimeout(() => void store.watch(hint, options).catch(() => undefined), 5)
      },
    }),
    red: /^gives a hint after a change/,
  },
  "goes on watching after it was closed": {
    bug: () => ({ close: async () => undefined }),
    red: /^gives no hint any more/,
  },
  "goes on watching after the signal": {
    bug: store => ({
      watch: (hint, options) =>
        options.signal.aborted
          ? store.watch(hint, options)
          : store.watch(hint, { ...options, signal: new AbortController().signal }),
    }),
    red: /^ends when its signal aborts/,
  },
  "calls the end of a watch a failure": {
    bug: store => ({
      async watch(hint, options) {
        await store.watch(hint, options)
        options.signal.addEventListener("abort", () => options.failed(new SecretError("ABORTED")))
      },
    }),
    red: /^ends when its signal aborts/,
  },
  "deletes the neighbours, too": {
    bug: (store, harness) => ({
      async delete(name, options) {
        await store.delete(name, options)
        await harness.remove?.(`${name}-two`)
      },
    }),
    red: /^removes a secret, and no other/,
  },
  "deletes what is missing without a word": {
    bug: store => ({
      delete: (name, options) =>
        store.delete(name, options).catch(error => {
          if (error.code !== "NOT_FOUND") throw error
        }),
    }),
    red: /^says NOT_FOUND for the deletion/,
  },
  "takes a deleted name again, and declares soft deletion": {
    bug: store => ({ capabilities: { ...store.capabilities, softDelete: true } }),
    red: /^frees the name of a deleted secret/,
  },
  "gives half of one value and half of another": {
    bug(store) {
      let before = ""
      return {
        async read(name, options) {
          const answer = await store.read(name, options)
          if (typeof answer.value !== "string" || answer.value.length < 10_000) return answer
          const value = before.slice(0, 5_000) + answer.value.slice(5_000)
          before = answer.value
          return { ...answer, value }
        },
      }
    },
    red: /^gives, while a value is replaced, one of the values whole/,
  },
  "cannot be closed twice": {
    bug(store) {
      let closed = false
      return {
        async close() {
          if (closed) throw new SecretError("CLOSED")
          closed = true
          await store.close()
        },
      }
    },
    red: /^can be closed twice/,
  },
  "does not answer a ping": {
    bug: () => ({ ping: () => new Promise<void>(() => undefined) }),
    red: /^can be reached/,
  },
  "declares that it takes no names at once": {
    bug: store => ({ capabilities: { ...store.capabilities, batchSize: 0 } }),
    red: /^declares how many names/,
  },
}

/** What befalls a store by its faults is found, too: the suite is not green whatever it is shown. */
const FAULTS: Readonly<Record<string, { readonly set: (faults: Faults) => unknown; readonly red: RegExp }>> =
  {
    "does not answer, and is deaf": {
      set: faults => faults.hang("versions", { deaf: true }),
      red: /^ends every call whose signal aborts meanwhile/,
    },
    "answers late, whatever the signal says": {
      set: faults => faults.hang("ping", { deaf: true, when: "after" }),
      red: /^can be reached/,
    },
    "throws what is foreign": {
      set: faults => faults.throw("read", null, { name: "latchkey" }),
      red: /^refuses the reserved first segment/,
    },
    "fails now and then": {
      set: faults => faults.flap("write", "-x"),
      red: /^leaves all other secrets alone/,
    },
    "loses the answer of a deletion": {
      set: faults => faults.fail("delete", "UNAVAILABLE", { when: "after" }),
      red: /^removes a secret, and no other/,
    },
    "gives other values under one version": {
      set: faults => faults.repeatVersion(),
      red: /^moves the version when the value changes/,
    },
    "cannot arm a watch": {
      set: faults => faults.fail("watch", "UNAVAILABLE"),
      red: /^gives a hint after a change/,
    },
  }

describe("the contract suite", () => {
  it("finds nothing wrong with a correct store, nor with one that faults could befall", async () => {
    const wrapped = (): Harness => {
      const harness = reference()
      return { ...harness, store: faulty(harness.store) }
    }
    expect(await failuresOf(reference, "15s")).toEqual([])
    expect(await failuresOf(wrapped, "15s")).toEqual([])
  })

  it("finds nothing wrong with a store that tells writers who meet to come again", async () => {
    const meeting: Bug = store => {
      const writing = new Set<string>()
      return {
        async write(name, value, options) {
          if (writing.has(name)) throw new SecretError("CONFLICT")
          writing.add(name)
          return await store.write(name, value, options).finally(() => writing.delete(name))
        },
      }
    }
    expect(await failuresOf(planted(meeting), "15s")).toEqual([])
  })

  it("finds nothing wrong with a store that refuses to be serialised", async () => {
    const refusing: Bug = () =>
      Object.defineProperty({}, "toJSON", {
        enumerable: true,
        value: () => {
          throw new TypeError("not this one")
        },
      })
    const failures = await failuresOf(planted(refusing), "15s")
    expect(failures).toEqual([])
  })

  for (const [name, { bug, red, options }] of Object.entries(BUGS)) {
    it(`finds a store that ${name}`, async () => {
      const failures = await failuresOf(planted(bug, options))
      expect(failures.map(failure => failure.check)).toContainEqual(expect.stringMatching(red))
    })
  }

  for (const [name, { set, red }] of Object.entries(FAULTS)) {
    it(`finds a store that ${name}, by a fault`, async () => {
      const failures = await failuresOf(() => {
        const harness = reference()
        const store = faulty(harness.store)
        set(store.faults)
        return { ...harness, store }
      })
      expect(failures.map(failure => failure.check)).toContainEqual(expect.stringMatching(red))
    })
  }

  it.each([
    ["can write", undefined],
    ["can only read", { operations: [] }],
  ])("comes to an end with a store that caches and %s", async (_, options) => {
    const failures = await failuresOf(() => caching(options))
    expect(failures.map(failure => failure.check)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^reads what the service holds now/),
        expect.stringMatching(/^gives, while a value is replaced/),
      ]),
    )
  })

  it("never shows a value in what it says", async () => {
    const secret = /value-\d+-[0-9a-f]{8}/
    for (const { bug, options } of Object.values(BUGS)) {
      for (const { message } of await failuresOf(planted(bug, options))) {
        // What a broken store puts into its own error is the store's doing.
        if (!message.includes("could not write")) expect(message).not.toMatch(secret)
      }
    }
  }, 30_000)

  it("closes the store, and takes down what stands around it, also when a check fails", async () => {
    let open = 0
    let closedStores = 0
    const make = (): Harness => {
      open++
      const harness = reference()
      const store: SecretStore = {
        ...harness.store,
        read: async () => empty,
        close: async () => {
          closedStores++
        },
      }
      return {
        ...harness,
        store,
        close: async () => {
          open--
        },
      }
    }
    expect((await failuresOf(make)).length).toBeGreaterThan(10)
    expect(open).toBe(0)
    expect(closedStores).toBeGreaterThan(50)
  })

  it("is run by a framework that knows no more than describe and it", async () => {
    const rooms: string[] = []
    const names: string[] = []
    testStore("odd", reference, {
      describe(name, body) {
        rooms.push(name)
        body()
      },
      it: name => void names.push(name),
    })
    expect(rooms[0]).toBe("odd, as a store")
    expect(rooms.length).toBeGreaterThan(10)
    expect(new Set(names).size).toBe(names.length)
  })
})
