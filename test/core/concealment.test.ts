import { Session } from "node:inspector/promises"
import { inspect } from "node:util"
import { serialize } from "node:v8"
import { describe, expect, it } from "vitest"
import { conceal, type Pinned, PinnedValue, Secret, SecretError } from "../../src/core/index.ts"
import { type Canary, expectNoLeak, newCanary, unregisteredCanary } from "../support/canary.ts"

const KINDS: Record<string, (name: string, value: unknown) => Secret<unknown> | Pinned<unknown>> = {
  "a fixed secret": (name, value) => Secret.fixed(name, value),
  "a pinned one": (name, value) => new PinnedValue(name, "v1", () => value),
  "a derived one": (name, value) => Secret.fixed(name, () => value).map(give => give()),
}

/** All that a debugger shows of a value before anybody opens it, as consoles with a debugger attached do. */
async function debuggerPreview(thing: unknown): Promise<string> {
  const session = new Session()
  session.connect()
  const key = `concealment-${Math.random()}`
  try {
    Object.assign(globalThis, { [key]: thing })
    const shown = await session.post("Runtime.evaluate", {
      expression: `globalThis[${JSON.stringify(key)}]`,
      generatePreview: true,
    })
    const { objectId } = shown.result
    const properties =
      objectId === undefined
        ? undefined
        : await session.post("Runtime.getProperties", {
            objectId,
            ownProperties: true,
            generatePreview: true,
          })
    return JSON.stringify([shown, properties])
  } finally {
    Reflect.deleteProperty(globalThis, key)
    session.disconnect()
  }
}

for (const [what, make] of Object.entries(KINDS)) {
  describe(what, () => {
    const made = (): { canary: Canary; thing: Secret<unknown> | Pinned<unknown> } => {
      const canary = newCanary()
      const thing = make("tally/api-token", canary.text)
      expect(thing.reveal()).toBe(canary.text)
      return { canary, thing }
    }
    const label = "Secret‹tally/api-token›"

    it("shows its name and nothing else, however it is made a text", () => {
      const { thing } = made()
      expect(String(thing)).toBe(label)
      expect(`${thing as unknown as string}`).toBe(label)
      expect(["a", thing].join()).toBe(`a,${label}`)
      expect(JSON.stringify({ thing })).toBe(`{"thing":"${label}"}`)
      expect(inspect(thing)).toBe(label)
      expect(inspect({ a: { b: { c: { d: thing } } } }, { depth: 9 })).toContain(label)
      expect(Number(thing)).toBeNaN()
      expect(new Error(`failed with ${thing}`).message).toBe(`failed with ${label}`)
    })

    it("gives its value to nobody who prints, serialises, copies or looks through it", () => {
      const { canary, thing } = made()
      expectNoLeak(canary, thing, [thing], { deep: { deeper: [new Map([["x", thing]])] } }, new Set([thing]))
      expectNoLeak(
        canary,
        inspect(thing, { showHidden: true, customInspect: false, depth: 9, getters: true }),
      )
    })

    it("holds bytes and objects as closely as text", () => {
      const canary = newCanary()
      expectNoLeak(canary, make("a", canary.bytes), make("a", { user: { password: canary.text } }))
    })

    it("is copied without its value, or not at all", () => {
      const { canary, thing } = made()
      for (const copy of [() => structuredClone(thing), () => serialize(thing), () => ({ ...thing })]) {
        try {
          expectNoLeak(canary, copy())
        } catch (refusal) {
          expect(refusal).toMatchObject({ name: "DataCloneError" })
          expectNoLeak(canary, refusal)
        }
      }
    })

    it("is refused by an HTTP header, so that a forgotten reveal() sends nothing", () => {
      const { thing } = made()
      expect(() => new Headers({ authorization: `Bearer ${thing}` })).toThrow(TypeError)
      expect(() => new Request("http://127.0.0.1", { headers: { "x-token": `${thing}` } })).toThrow(TypeError)
    })

    it("shows no value in a debugger's preview", async () => {
      const { canary, thing } = made()
      const preview = await debuggerPreview(thing)
      expect(preview).toContain("preview")
      expectNoLeak(canary, preview, await debuggerPreview({ within: thing }))
    })

    it("does not show a name's control characters", () => {
      expect(String(make("a\n\u001b[31mb", "x"))).toBe("Secret‹a\uFFFD\uFFFD[31mb›")
    })

    it("does not let its ways of printing be replaced from outside", () => {
      const { thing } = made()
      for (const key of ["toString", "toJSON", Symbol.toPrimitive, Symbol.for("nodejs.util.inspect.custom")])
        expect(() => {
          Object.getPrototypeOf(thing)[key] = () => thing.reveal()
        }).toThrow(TypeError)
      expect(String(thing)).toBe(label)
    })
  })
}

describe("the debugger's preview", () => {
  it("would show a value that is kept in a private field alone", async () => {
    const canary = unregisteredCanary()
    class Naive {
      readonly #value: string = canary.text
      get length(): number {
        return this.#value.length
      }
    }
    expect(await debuggerPreview(new Naive())).toContain(canary.text)
  })
})

describe("conceal", () => {
  it("makes the instances of any class print as their name", () => {
    class Cell {
      readonly name = "x"
    }
    conceal(Cell)
    expect([`${new Cell()}`, JSON.stringify(new Cell()), inspect(new Cell())]).toEqual([
      "Secret‹x›",
      '"Secret‹x›"',
      "Secret‹x›",
    ])
    expect(Object.keys(Cell.prototype)).toEqual([])
  })
})

describe("a fixed secret", () => {
  it("never changes", async () => {
    const secret = Secret.fixed("a", "one")
    expect(secret.name).toBe("a")
    expect(secret.status).toEqual({ version: "fixed", age: 0, stale: false })
    expect(secret.previous).toBeUndefined()
    let calls = 0
    using _ = secret.onRotate(() => void calls++)
    expect(secret.reveal()).toBe("one")
    expect(calls).toBe(0)
    expect(() => Object.assign(secret, { name: "b" })).toThrow(TypeError)
    expect(() => Object.assign(secret, { reveal: () => "two" })).toThrow(TypeError)
  })

  it("hands its value and the caller's signal to use(), and gives back what that gives, untouched", async () => {
    const secret = Secret.fixed("a", "one")
    const { signal } = new AbortController()
    expect(
      await secret.use(async (value, attempt) => [value, attempt.version, attempt.signal], { signal }),
    ).toEqual(["one", "fixed", signal])
    await secret.use(async (_, attempt) => expect(attempt.signal.aborted).toBe(false))
    const error = new Error("of the caller")
    await expect(secret.use(() => Promise.reject(error))).rejects.toBe(error)
    expect(await secret.use(async () => ({ status: 401 }))).toEqual({ status: 401 })
  })

  it("is mapped to one of the same name", () => {
    const mapped = Secret.fixed("a", "one").map(value => value.length)
    expect(mapped.reveal()).toBe(3)
    expect(mapped.name).toBe("a")
  })

  it("is not mapped by a function that throws, whose error may quote the value", () => {
    const canary = newCanary()
    let thrown: unknown
    try {
      Secret.fixed("db", `not a url ${canary.text}`).map(value => new URL(value))
    } catch (caught) {
      thrown = caught
    }
    expect(thrown).toBeInstanceOf(SecretError)
    expect(thrown).toMatchObject({ code: "INVALID_VALUE", secret: "db" })
    expectNoLeak(canary, thrown)
  })
})

describe("a pinned secret", () => {
  it("says its name and version, and reveals what it holds", () => {
    const pinned = new PinnedValue("a", "v1", () => "one")
    expect([pinned.name, pinned.version, pinned.reveal()]).toEqual(["a", "v1", "one"])
  })

  it("throws what revealing throws", () => {
    const withdrawn = new PinnedValue("a", "v1", () => {
      throw new SecretError("NOT_FOUND", { secret: "a" })
    })
    expect(() => withdrawn.reveal()).toThrow(SecretError)
  })
})
