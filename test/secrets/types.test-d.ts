import { describe, expectTypeOf, it } from "vitest"
import { z } from "zod"
import type { Pinned, Secret, SecretError, SecretStore, StoreWith } from "../../src/core/index.ts"
import {
  type Rotating,
  rotating,
  Secrets,
  type SecretsThatSupport,
  type StandardSchema,
} from "../../src/secrets/index.ts"

declare const readOnly: SecretStore
declare const writable: StoreWith<"write">
declare const whole: StoreWith<"write" | "list" | "versions" | "delete">
declare const port: StandardSchema<unknown, number>

describe("the secrets of a store that can do little", () => {
  const secrets = new Secrets(readOnly)

  it("cannot be written, listed or deleted", () => {
    // @ts-expect-error the store cannot write
    void secrets.put("a", "b")
    // @ts-expect-error the store cannot list
    void secrets.list()
    // @ts-expect-error the store has no versions
    void secrets.versions("a")
    // @ts-expect-error the store cannot delete
    void secrets.delete("a")
  })

  it("can be, after asking whether they can", () => {
    if (secrets.supports("write")) {
      expectTypeOf(secrets.put("a", "b")).resolves.toBeString()
      // @ts-expect-error that was not asked
      void secrets.delete("a")
      if (secrets.supports("delete")) expectTypeOf(secrets.delete("a")).resolves.toBeVoid()
    }
    if (secrets.supports("list"))
      expectTypeOf(secrets.list({ under: "a" })).toExtend<AsyncIterable<{ name: string }>>()
    // @ts-expect-error there is no such operation
    void secrets.supports("rotate")
  })
})

describe("the secrets of a store that can do more", () => {
  it("can be written, and nothing else, where it can write", () => {
    const secrets = new Secrets(writable)
    expectTypeOf(
      secrets.put("a", new Uint8Array(1), { expect: "absent", expiresAt: new Date() }),
    ).resolves.toBeString()
    // @ts-expect-error the store cannot list
    void secrets.list()
    // @ts-expect-error a number is no value
    void secrets.put("a", 5)
    // @ts-expect-error there is no such option
    void secrets.put("a", "b", { expects: "v1" })
  })

  it("can be all where it can all", () => {
    const secrets = new Secrets(whole)
    expectTypeOf(secrets.store).toEqualTypeOf(whole)
    expectTypeOf(secrets.delete("a")).resolves.toBeVoid()
    expectTypeOf(secrets.versions("a")).toExtend<AsyncIterable<{ version: string }>>()
    // What can do more is what can do less.
    expectTypeOf(secrets).toExtend<Secrets<StoreWith<"write">>>()
    expectTypeOf(secrets).toExtend<Secrets>()
    expectTypeOf<Secrets>().not.toExtend<Secrets<StoreWith<"write">>>()
  })

  it("are what a function can ask for that writes", () => {
    const secrets = new Secrets(whole)
    expectTypeOf(secrets).toExtend<SecretsThatSupport<"write">>()
    expectTypeOf(new Secrets(writable)).not.toExtend<SecretsThatSupport<"list">>()
    expectTypeOf<Secrets>().not.toExtend<SecretsThatSupport<"write">>()
    const asked: Secrets = secrets
    if (asked.supports("write")) expectTypeOf(asked).toExtend<SecretsThatSupport<"write">>()
  })
})

describe("what is asked for", () => {
  const secrets = new Secrets(readOnly)

  it("has the type of its form or of its schema", () => {
    expectTypeOf(secrets.get("a")).resolves.toEqualTypeOf<Secret<string>>()
    expectTypeOf(secrets.get("a", { ttl: "1m" })).resolves.toEqualTypeOf<Secret<string>>()
    expectTypeOf(secrets.get("a", { schema: port })).resolves.toEqualTypeOf<Secret<number>>()
    expectTypeOf(secrets.get("a", { schema: z.coerce.number() })).resolves.toEqualTypeOf<Secret<number>>()
    expectTypeOf(secrets.getBytes("a")).resolves.toEqualTypeOf<Secret<Uint8Array>>()
    expectTypeOf(secrets.getJson("a")).resolves.toEqualTypeOf<Secret<unknown>>()
    expectTypeOf(secrets.getJson("a", { schema: z.object({ user: z.string() }) })).resolves.toEqualTypeOf<
      Secret<{ user: string }>
    >()
    expectTypeOf(secrets.getOptional("a")).resolves.toEqualTypeOf<Secret<string> | undefined>()
  })

  it("has them in an object, key by key", () => {
    const requests = {
      token: "tally/api-token",
      text: { name: "a", format: "text" },
      json: { name: "b", format: "json" },
      bytes: { name: "c", format: "bytes" },
      port: { name: "d", schema: port },
      user: { name: "e", format: "json", schema: z.object({ user: z.string() }) },
      plain: { name: "f", ttl: "1m" },
    } as const
    interface Values {
      token: string
      text: string
      json: unknown
      bytes: Uint8Array
      port: number
      user: { user: string }
      plain: string
    }
    expectTypeOf(secrets.getMany(requests)).resolves.toEqualTypeOf<{
      readonly [K in keyof Values]: Secret<Values[K]>
    }>()
    expectTypeOf(secrets.getManySettled(requests)).resolves.toEqualTypeOf<{
      readonly [K in keyof Values]: Secret<Values[K]> | SecretError
    }>()
    // @ts-expect-error there is no such form
    void secrets.getMany({ a: { name: "a", format: "xml" } })
  })

  it("takes durations with a unit, and no bare numbers", () => {
    // @ts-expect-error a number has no unit
    void secrets.get("a", { ttl: 300 })
    // @ts-expect-error nor has this text
    void secrets.get("a", { ttl: "300" })
    // @ts-expect-error there is no such unit
    void secrets.get("a", { maxStale: "3w" })
    // @ts-expect-error a number has no unit
    void secrets.fresh(300)
    // @ts-expect-error a number has no unit
    void new Secrets(readOnly, { callTimeout: 5_000 })
    // @ts-expect-error a part is a percentage
    void new Secrets(readOnly, { jitter: 0.1 })
    void new Secrets(readOnly, { jitter: "10%", ttl: "90s", maxStale: "0s" })
    // @ts-expect-error there is no such option
    void new Secrets(readOnly, { timeToLive: "5m" })
  })
})

describe("a handle", () => {
  const secret = {} as Secret<string>

  it("can be read as what is less exact, and not the other way round", () => {
    expectTypeOf<Secret<string>>().toExtend<Secret<unknown>>()
    expectTypeOf<Secret<unknown>>().not.toExtend<Secret<string>>()
    expectTypeOf<Secret<string>>().not.toExtend<string>()
    // @ts-expect-error a forgotten reveal()
    const text: string = secret
    void text
  })

  it("is mapped to what the function gives, and used with what it returns", () => {
    expectTypeOf(secret.map).parameter(0).toBeCallableWith("a")
    expectTypeOf(secret.map(value => value.length)).toEqualTypeOf<Secret<number>>()
    expectTypeOf(secret.use(async value => ({ status: value.length }))).resolves.toEqualTypeOf<{
      status: number
    }>()
    expectTypeOf(secret.previous).toEqualTypeOf<Pinned<string> | undefined>()
    void secret.use(async () => 5, { rejected: outcome => "value" in outcome && outcome.value === 5 })
    // @ts-expect-error the result is a number
    void secret.use(async () => 5, { rejected: outcome => "value" in outcome && outcome.value === "5" })
  })

  it("makes resources of the type that its function makes", () => {
    expectTypeOf(rotating(secret, async value => new URL(value))).resolves.toEqualTypeOf<Rotating<URL>>()
    void rotating(secret, value => new URL(value), { retire: (old: URL) => void old, after: "0s" })
    // @ts-expect-error a number has no unit
    void rotating(secret, value => new URL(value), { after: 30 })
    // @ts-expect-error it retires what is made
    void rotating(secret, value => new URL(value), { retire: (old: string) => void old })
  })
})

describe("what happens", () => {
  it("is told with what belongs to it", () => {
    const secrets = new Secrets(readOnly)
    secrets.on("accepted", event => expectTypeOf(event.version).toBeString())
    secrets.on("closed", event => expectTypeOf(event.error).toEqualTypeOf<SecretError | undefined>())
    // @ts-expect-error there is no such event
    secrets.on("rotated", () => undefined)
  })
})
