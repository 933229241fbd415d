import { describe, expectTypeOf, test } from "vitest"
import { z } from "zod"
import * as mini from "zod/mini"
import { type ConfigError, type ConfigProblem, loadConfig, secret, setting } from "../../src/config/index.ts"
import type { Secret, SecretErrorCode } from "../../src/core/index.ts"
import type { Secrets } from "../../src/secrets/index.ts"

declare const secrets: Secrets

describe("what loadConfig gives", () => {
  test("is what the schema says, with a Secret for each secret", async () => {
    const Config = z.object({
      tally: z.object({
        apiToken: secret("tally/api-token", z.string().startsWith("tly-")),
        baseUrl: setting("TALLY_BASE_URL", z.url().default("https://api.tally.so")),
      }),
      port: setting("PORT", z.coerce.number().int().min(0).default(3000)),
      mode: setting("MODE", z.enum(["a", "b"])).optional(),
      tls: z.object({ key: secret("tls/key") }).optional(),
    })
    expectTypeOf(await loadConfig(Config, { secrets })).toEqualTypeOf<{
      tally: { apiToken: Secret<string>; baseUrl: string }
      port: number
      mode?: "a" | "b" | undefined
      tls?: { key: Secret<string> } | undefined
    }>()
  })

  test("is a union where the schema is one", async () => {
    const Config = z.discriminatedUnion("kind", [
      z.object({ kind: setting("KIND", z.literal("vault")), token: secret("vault/token") }),
      z.object({ kind: setting("KIND", z.literal("aws")), region: setting("REGION", z.string()) }),
    ])
    expectTypeOf(await loadConfig(Config, { secrets })).toEqualTypeOf<
      { kind: "vault"; token: Secret<string> } | { kind: "aws"; region: string }
    >()
  })

  test("is the same with zod/mini", async () => {
    const Config = mini.object({
      token: secret("token", mini.string()),
      port: mini.optional(setting("PORT", mini.coerce.number())),
    })
    expectTypeOf(await loadConfig(Config, { secrets, settings: { PORT: "1" } })).toEqualTypeOf<{
      token: Secret<string>
      port?: number | undefined
    }>()
  })
})

describe("a secret", () => {
  test("is text, JSON or bytes without a schema", () => {
    expectTypeOf<z.output<ReturnType<typeof text>>>().toEqualTypeOf<Secret<string>>()
    expectTypeOf<z.output<ReturnType<typeof json>>>().toEqualTypeOf<Secret<unknown>>()
    expectTypeOf<z.output<ReturnType<typeof bytes>>>().toEqualTypeOf<Secret<Uint8Array>>()
    const text = () => secret("a")
    const json = () => secret("a", undefined, { format: "json" })
    const bytes = () => secret("a", undefined, { format: "bytes" })
  })

  test("is what its schema makes of the value", () => {
    const port = secret("a", z.coerce.number())
    const url = secret(
      "a",
      z.string().transform(value => new URL(value)),
    )
    const database = secret("a", z.object({ user: z.string(), port: z.number().default(1) }), {
      format: "json",
    })
    const key = secret("a", z.instanceof(Uint8Array), { format: "bytes" })
    expectTypeOf<z.output<typeof port>>().toEqualTypeOf<Secret<number>>()
    expectTypeOf<z.output<typeof url>>().toEqualTypeOf<Secret<URL>>()
    expectTypeOf<z.output<typeof database>>().toEqualTypeOf<Secret<{ user: string; port: number }>>()
    expectTypeOf<z.output<typeof key>>().toExtend<Secret<Uint8Array>>()
  })

  test("refuses a schema that can never accept what its format gives", () => {
    // @ts-expect-error a number does not come from text
    secret("a", z.number())
    // @ts-expect-error an object does not come from text
    secret("a", z.object({ a: z.string() }))
    // @ts-expect-error text does not come from bytes
    secret("a", z.string(), { format: "bytes" })
    // @ts-expect-error there is no such format
    secret("a", undefined, { format: "xml" })
    secret("a", z.object({ a: z.string() }), { format: "json" })
    secret("a", z.enum(["a", "b"]))
    secret("a", z.any())
  })
})

describe("a setting", () => {
  test("keeps the type of its schema, so that it can be gone on with", () => {
    expectTypeOf(setting("A", z.string())).toEqualTypeOf<z.ZodString>()
    expectTypeOf(setting("A", z.coerce.number()).min(1).default(2)).toEqualTypeOf<
      z.ZodDefault<z.ZodCoercedNumber<unknown>>
    >()
    expectTypeOf<z.output<ReturnType<typeof list>>>().toEqualTypeOf<string[]>()
    const list = () =>
      setting(
        "A",
        z.string().transform(value => value.split(",")),
      )
  })

  test("refuses a schema that can never accept text", () => {
    // @ts-expect-error a setting is text
    setting("A", z.number())
    // @ts-expect-error a setting is text
    setting("A", z.boolean().default(true))
    // @ts-expect-error a setting is text
    setting("A", z.literal(1))
    setting("A", z.stringbool())
    setting("A", z.literal("1").or(z.number()))
    setting("A", z.string().optional())
    setting("A", z.unknown())
  })
})

describe("a problem", () => {
  test("has closed codes and no value", () => {
    expectTypeOf<ConfigError["problems"]>().toEqualTypeOf<readonly ConfigProblem[]>()
    expectTypeOf<ConfigProblem["code"]>().toEqualTypeOf<SecretErrorCode>()
    expectTypeOf<keyof ConfigProblem>().toEqualTypeOf<
      "path" | "name" | "source" | "code" | "problem" | "expected" | "hint"
    >()
  })
})

describe("the options", () => {
  test("take Secrets and plain text settings", () => {
    const Config = z.object({})
    loadConfig(Config, { secrets, settings: process.env })
    loadConfig(Config, { secrets, settings: { A: "1", B: undefined } })
    // @ts-expect-error settings are text
    loadConfig(Config, { secrets, settings: { A: 1 } })
    // @ts-expect-error secrets are needed
    loadConfig(Config, {})
  })
})
