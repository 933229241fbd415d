import { assertType, describe, expectTypeOf, it } from "vitest"
import {
  type CallOptions,
  type Duration,
  defineStore,
  type ListOptions,
  type NativeLedger,
  type Pinned,
  parseDuration,
  type RotationLedger,
  Secret,
  type SecretInfo,
  type SecretStore,
  type StoreDefinition,
  type StoreWith,
} from "../../src/core/index.ts"
import { faulty, type Harness, type LedgerHarness, testLedger, testStore } from "../../src/testing/index.ts"

describe("a duration", () => {
  it("has a number and a unit", () => {
    assertType<Duration>("5m")
    assertType<Duration>("1.5h")
    assertType<Duration>("250ms")
    // @ts-expect-error a bare number: seconds or milliseconds?
    assertType<Duration>(5)
    // @ts-expect-error no unit
    assertType<Duration>("5")
    // @ts-expect-error no such unit
    assertType<Duration>("5w")
    // @ts-expect-error not a number
    assertType<Duration>("fives")
    // @ts-expect-error a text that may be anything
    assertType<Duration>("5m" as string)
    // @ts-expect-error a bare number
    parseDuration(5_000)
  })
})

describe("a secret", () => {
  it("is no text", () => {
    const secret = Secret.fixed("a", "one")
    expectTypeOf(secret).toEqualTypeOf<Secret<string>>()
    // @ts-expect-error what is wanted is reveal()
    assertType<string>(secret)
    expectTypeOf(secret.reveal()).toBeString()
    expectTypeOf(secret.map(value => value.length)).toEqualTypeOf<Secret<number>>()
    expectTypeOf(secret.previous).toEqualTypeOf<Pinned<string> | undefined>()
  })

  it("of a narrower value serves where a wider one is wanted, not the other way round", () => {
    assertType<Secret<string | number>>(Secret.fixed("a", "one"))
    // @ts-expect-error it may hold a number
    assertType<Secret<string>>(Secret.fixed<string | number>("a", 1))
  })

  it("gives use() what the function gives", async () => {
    const used = Secret.fixed("a", "one").use(async (value, { version }) => [value, version] as const)
    expectTypeOf(await used).toEqualTypeOf<readonly [string, string]>()
  })
})

declare const definition: Omit<
  StoreDefinition,
  "readMany" | "write" | "list" | "versions" | "delete" | "watch" | "rotation"
>

declare const harness: LedgerHarness

describe("a store", () => {
  it("has just the operations of its definition", () => {
    const bare = defineStore(definition)
    expectTypeOf(bare.read).toBeFunction()
    // @ts-expect-error it cannot write
    bare.write("a", "x", { signal: new AbortController().signal })

    const listing = defineStore({
      ...definition,
      async *list(_: CallOptions): AsyncGenerator<SecretInfo> {},
    })
    expectTypeOf(listing).toExtend<StoreWith<"list">>()
    expectTypeOf(listing.list).toExtend<(options: ListOptions) => AsyncIterable<SecretInfo>>()
    // @ts-expect-error it can list and not write
    assertType<StoreWith<"write">>(listing)
  })

  it("has a ledger if its definition has one", () => {
    const rotating = defineStore({ ...definition, rotation: (): NativeLedger => ({}) as NativeLedger })
    expectTypeOf(rotating).toExtend<StoreWith<"rotation">>()
    expectTypeOf(rotating.rotation()).toEqualTypeOf<RotationLedger>()
    // @ts-expect-error it has none
    defineStore(definition).rotation()
    // @ts-expect-error a suite for ledgers takes stores that have one
    testLedger("x", () => ({ ...harness, store: {} as SecretStore }), { describe, it })
    assertType<void>(testLedger("x", () => harness, { describe, it }))
  })

  it("is a SecretStore whatever it can do", () => {
    expectTypeOf<StoreWith<"write" | "list">>().toExtend<SecretStore>()
    expectTypeOf<SecretStore>().not.toExtend<StoreWith<"write">>()
    expectTypeOf<StoreWith<never>>().toExtend<SecretStore>()
  })

  it("can do when it is faulty what it could before", () => {
    const writing = faulty({} as StoreWith<"write">)
    expectTypeOf(writing.write).toBeFunction()
    expectTypeOf(writing.calls.count("write")).toBeNumber()
    const bare = faulty({} as StoreWith<never>)
    // @ts-expect-error it may not be able to list
    bare.list({ signal: new AbortController().signal })
    // @ts-expect-error there is no such operation
    bare.faults.hang("look")
  })

  it("has a contract that any framework with describe and it can run", () => {
    const make = (): Harness => ({}) as Harness
    assertType<void>(testStore("x", make, { describe: (_, body) => body(), it: (_, body) => void body() }))
    // @ts-expect-error a harness has to be able to put
    testStore("x", () => ({ store: {} as SecretStore, close: async () => undefined }), { describe, it })
  })
})
