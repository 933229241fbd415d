import { describe, expect, it } from "vitest"
import {
  defineStore,
  isSecretError,
  type KnownFailure,
  type NameRule,
  type NativeLedger,
  type RotationJournal,
  type RotationLedger,
  SecretError,
  type StoreDefinition,
  type StoreWith,
} from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const names: NameRule = {
  rule: "letters, digits, slashes and hyphens",
  toNative: portable => portable.toUpperCase(),
  toPortable: native => native.toLowerCase(),
  holds: native => /^[A-Z0-9/-]+$/.test(native),
  fold: native => native.toUpperCase(),
}

const LOCATION = "test://here"
const calm = (): { signal: AbortSignal } => ({ signal: new AbortController().signal })
const journal: RotationJournal = {
  schema: 1,
  seq: 1,
  state: "claimed",
  owner: "o",
  leaseUntil: 0,
  attempt: 0,
}

/** The one secret of a service that errors of this test are about. */
class Refused extends Error {}
class Lost extends Error {}
class NotSent extends Error {}
class Unnamed extends Error {}

const TABLE = new Map<unknown, KnownFailure>([
  [Refused, { code: "CONFLICT", hint: "look again" }],
  [Lost, { code: "UNAVAILABLE", requestId: "r-1", retryAfterMs: 7 }],
  [NotSent, { code: "UNAVAILABLE", notSent: true }],
])

interface Asked {
  readonly call: string
  readonly name: string
}

/** A store whose ledger answers everything, or fails with what it is given. */
function made(
  options: {
    readonly fails?: () => unknown
    readonly naming?: StoreDefinition["naming"]
    readonly bare?: boolean
    readonly operations?: string[]
  } = {},
): { readonly store: StoreWith<"rotation">; readonly asked: Asked[] } {
  const asked: Asked[] = []
  const answering =
    <T>(call: string, answer: T) =>
    async (name: string): Promise<T> => {
      asked.push({ call, name })
      if (options.fails !== undefined) throw options.fails()
      return answer
    }
  const bare: NativeLedger = {
    promotion: "conditional",
    check: answering("check", undefined),
    permissions: name => [{ action: "put", on: name, why: "because" }],
    park: answering("park", { reference: "there", mine: true }),
    kept: answering("kept", { reference: "there", value: "v" }),
    discard: answering("discard", undefined),
    promote: answering("promote", { version: "2", journaled: false }),
  }
  const full: NativeLedger = {
    ...bare,
    journals: {
      location: "beside",
      load: answering("load", { journal }),
      save: answering("save", undefined),
    },
    current: answering("current", { version: "1", value: "v" }),
    placeOf: answering("placeOf", "there"),
    former: answering("former", { reference: "former/1", value: "v" }),
    since: answering("since", []),
  }
  let given = 0
  const store = defineStore({
    kind: "test",
    location: LOCATION,
    names,
    naming: options.naming,
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: false,
      batchSize: 1,
      binary: true,
      expiry: false,
      softDelete: false,
      local: false,
    },
    errors(thrown, operation, native) {
      options.operations?.push(`${operation} ${native}`)
      return TABLE.get((thrown as Error | undefined)?.constructor)
    },
    async read() {
      throw new SecretError("NOT_FOUND")
    },
    rotation() {
      given++
      expect(given, "a backend is asked for its ledger once").toBe(1)
      return options.bare === true ? bare : full
    },
    async ping() {},
    async close() {},
  })
  return { store, asked }
}

type Call = (ledger: RotationLedger, name: string, options: { signal: AbortSignal }) => Promise<unknown>

const CHANGES: Readonly<Record<string, Call>> = {
  save: async (ledger, name, options) =>
    await ledger.journals?.save(name, journal, { ...options, expectSeq: 0 }),
  park: (ledger, name, options) => ledger.park(name, { ...options, rotationId: "r", value: "v" }),
  discard: (ledger, name, options) => ledger.discard(name, { ...options, rotationId: "r" }),
  promote: (ledger, name, options) =>
    ledger.promote(name, { ...options, rotationId: "r", value: "v", journal: () => journal }),
}

const LOOKS: Readonly<Record<string, Call>> = {
  load: async (ledger, name, options) => await ledger.journals?.load(name, options),
  check: (ledger, name, options) => ledger.check(name, options),
  current: async (ledger, name, options) => await ledger.current?.(name, options),
  placeOf: async (ledger, name, options) => await ledger.placeOf?.(name, options),
  kept: (ledger, name, options) => ledger.kept(name, { ...options, rotationId: "r" }),
  former: (ledger, name, options) => ledger.former(name, { ...options, rotationId: "r", base: "1" }),
  since: async (ledger, name, options) => await ledger.since?.(name, options),
}

const CALLS = { ...CHANGES, ...LOOKS }

async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isSecretError(thrown)) return expect.fail("it did not fail with a SecretError")
  return thrown
}

describe("the ledger of a store", () => {
  it("is asked of the backend once, and is the same every time", () => {
    const { store } = made()
    expect(store.rotation()).toBe(store.rotation())
    expect(Object.isFrozen(store.rotation())).toBe(true)
  })

  it("has what the backend's has, and no more", () => {
    const [full, bare] = [made().store.rotation(), made({ bare: true }).store.rotation()]
    expect([full.promotion, full.journals?.location]).toEqual(["conditional", "beside"])
    for (const part of ["journals", "current", "since"]) {
      expect(part in full, part).toBe(true)
      expect(part in bare, part).toBe(false)
    }
  })

  it.each(Object.entries(CALLS))("names the secret as the backend does: %s", async (what, call) => {
    const { store, asked } = made({ naming: { prefix: "prod", rename: { "old/name": "LEGACY" } } })
    for (const name of ["tally/api-token", "old/name", "PROD/TALLY/API-TOKEN"])
      await call(store.rotation(), name, calm())
    expect(asked).toEqual([
      { call: what, name: "PROD/TALLY/API-TOKEN" },
      { call: what, name: "LEGACY" },
      { call: what, name: "PROD/TALLY/API-TOKEN" },
    ])
  })

  it("finds a former value as a version of the secret, where the backend says nothing of its own", async () => {
    const asked = { ...calm(), rotationId: "r", base: "1" }
    expect(await made().store.rotation().former("token", asked)).toMatchObject({ reference: "former/1" })
    const bare = made({ bare: true })
    expect(await bare.store.rotation().former("token", asked)).toEqual({ reference: "there", value: "v" })
    expect(bare.asked.map(({ call }) => call)).toEqual(["kept"])
  })

  it("tells a place for each secret, of its own making where the backend tells none", async () => {
    const naming = { prefix: "prod" }
    expect(await made({ naming }).store.rotation().placeOf?.("token", calm())).toBe("there")
    const place = await made({ naming, bare: true }).store.rotation().placeOf?.("token", calm())
    expect(place).toBe(`${LOCATION} PROD/TOKEN`)
  })

  it("names the secret as the backend does in what it needs to be allowed", () => {
    const ledger = made({ naming: { prefix: "prod" } }).store.rotation()
    expect(ledger.permissions("token")).toEqual([{ action: "put", on: "PROD/TOKEN", why: "because" }])
    expect(() => ledger.permissions("a//b")).toThrow(/INVALID_NAME/)
  })

  it.each(Object.entries(CALLS))("asks nobody for a name that is none: %s", async (_, call) => {
    const { store, asked } = made()
    for (const name of ["a//b", "latchkey/rotation", "LATCHKEY/ROTATION/X"]) {
      const error = await errorOf(call(store.rotation(), name, calm()))
      expect(error).toMatchObject({ code: "INVALID_NAME", secret: name, store: LOCATION })
      expect(error.outcome).toBeUndefined()
    }
    expect(asked).toEqual([])
  })

  it.each(Object.entries(CALLS))("asks nobody after the signal has aborted: %s", async (_, call) => {
    const { store, asked } = made()
    const error = await errorOf(call(store.rotation(), "token", { signal: AbortSignal.abort() }))
    expect(error).toMatchObject({ code: "ABORTED", secret: "token", store: LOCATION })
    expect([error.outcome, asked]).toEqual([undefined, []])
  })
})

describe("a call of a ledger that fails", () => {
  it.each(
    Object.keys(CALLS),
  )("is told to the backend's table by its name and that of the secret there: %s", async what => {
    const operations: string[] = []
    const { store } = made({ fails: () => new Lost(), operations })
    await errorOf(CALLS[what]?.(store.rotation(), "token", calm()) ?? Promise.resolve())
    expect(operations).toEqual([`rotation.${what} TOKEN`])
  })

  it.each(Object.entries(CALLS))("shows nothing of what was thrown: %s", async (_, call) => {
    const canary = newCanary()
    for (const thrown of [new Lost(canary.text), new Unnamed(canary.text), canary.text, { v: canary.text }]) {
      const { store } = made({ fails: () => thrown })
      const error = await errorOf(call(store.rotation(), "token", calm()))
      expect(error).toMatchObject({ code: "UNAVAILABLE", secret: "token", store: LOCATION })
      expectNoLeak(canary, error)
    }
  })

  it.each(
    Object.entries(CHANGES),
  )("has an unknown outcome where its answer was lost: %s", async (_, call) => {
    for (const fails of [() => new Lost(), () => new Unnamed()]) {
      const error = await errorOf(call(made({ fails }).store.rotation(), "token", calm()))
      expect([error.code, error.outcome, error.transient]).toEqual(["UNAVAILABLE", "unknown", true])
      expect(error.hint).toContain("rotation")
    }
    const lost = await errorOf(call(made({ fails: () => new Lost() }).store.rotation(), "token", calm()))
    expect([lost.requestId, lost.retryAfterMs]).toEqual(["r-1", 7])
  })

  it.each(
    Object.entries(CHANGES),
  )("has a known outcome where it was not sent, or answered: %s", async (_, call) => {
    const failures = [
      () => new NotSent(),
      () => new Refused(),
      () => new SecretError("DENIED"),
      () => new SecretError("THROTTLED", { retryAfterMs: 5 }),
      () => new SecretError("UNAVAILABLE"),
    ]
    for (const fails of failures) {
      const error = await errorOf(call(made({ fails }).store.rotation(), "token", calm()))
      expect([error.secret, error.store, error.outcome]).toEqual(["token", LOCATION, undefined])
    }
  })

  it.each(Object.entries(CHANGES))("never has an unknown outcome with a CONFLICT: %s", async (_, call) => {
    const fails = () => new SecretError("CONFLICT", { outcome: "unknown", hint: "look", message: "no" })
    const error = await errorOf(call(made({ fails }).store.rotation(), "token", calm()))
    expect(error).toMatchObject({ code: "CONFLICT", hint: "look", plainMessage: "no", secret: "token" })
    expect(error.outcome).toBeUndefined()
  })

  it.each(Object.entries(CHANGES))("has an unknown outcome where its caller left: %s", async (_, call) => {
    for (const thrown of [new Unnamed(), new SecretError("ABORTED"), new DOMException("x", "AbortError")]) {
      const controller = new AbortController()
      const fails = (): unknown => {
        controller.abort()
        return thrown
      }
      const error = await errorOf(
        call(made({ fails }).store.rotation(), "token", { signal: controller.signal }),
      )
      expect([error.code, error.outcome, error.secret]).toEqual(["ABORTED", "unknown", "token"])
    }
  })

  it.each(Object.entries(LOOKS))("changed nothing where it only looked: %s", async (_, call) => {
    const controller = new AbortController()
    const leaving = (): unknown => {
      controller.abort()
      return new Unnamed()
    }
    const left = await errorOf(
      call(made({ fails: leaving }).store.rotation(), "token", { signal: controller.signal }),
    )
    expect([left.code, left.outcome]).toEqual(["ABORTED", undefined])
    const lost = await errorOf(call(made({ fails: () => new Lost() }).store.rotation(), "token", calm()))
    expect([lost.code, lost.outcome]).toEqual(["UNAVAILABLE", undefined])
  })

  it("keeps the errors of reading journals, and says what they are about", async () => {
    const fails = () => new SecretError("INVALID_VALUE", { message: "garbled", hint: "remove it" })
    const error = await errorOf(CALLS.load?.(made({ fails }).store.rotation(), "token", calm()) as never)
    expect(error).toMatchObject({
      code: "INVALID_VALUE",
      plainMessage: "garbled",
      hint: "remove it",
      secret: "token",
      store: LOCATION,
    })
  })
})
