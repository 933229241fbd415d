import { describe, expect, it } from "vitest"
import { z } from "zod"
import * as mini from "zod/mini"
import { memory } from "../../providers/memory/index.ts"
import { type ConfigError, loadConfig, secret, setting } from "../../src/config/index.ts"
import { Secret, SecretError } from "../../src/core/index.ts"
import { newCanary } from "../support/canary.ts"
import { fakeSecrets } from "./fake-secrets.ts"

/** The problems of a configuration that cannot be loaded, as `path code` lines. */
async function problemsOf(loading: Promise<unknown>): Promise<string[]> {
  const error = await loading.then(
    () => expect.unreachable("the configuration was loaded"),
    (thrown: ConfigError) => thrown,
  )
  expect(error.name).toBe("ConfigError")
  return error.problems.map(problem => `${problem.path} ${problem.code}`)
}

describe("a configuration", () => {
  it("has live secrets from the store and converted settings from the environment", async () => {
    const canary = newCanary()
    const Config = z.object({
      tally: z.object({
        apiToken: secret("tally/api-token", z.string().startsWith("tly-")),
        baseUrl: setting("TALLY_BASE_URL", z.url().default("https://api.tally.so")),
      }),
      port: setting("PORT", z.coerce.number().int().min(0).default(3000)),
    })
    const secrets = fakeSecrets(memory({ "tally/api-token": `tly-${canary.text}` }))

    const config = canary.watch(await loadConfig(Config, { secrets, settings: { PORT: "8080" } }))

    expect(config.tally.apiToken.name).toBe("tally/api-token")
    expect(config.tally.apiToken.reveal()).toBe(`tly-${canary.text}`)
    expect(config.tally.baseUrl).toBe("https://api.tally.so")
    expect(config.port).toBe(8080)
  })

  it("reads all its secrets in one round, and asks for each in its format and through its schema", async () => {
    const secrets = fakeSecrets(memory({ a: "1", b: '{"c":2}', "d/e": "3" }))
    const Config = z.object({
      a: secret("a", z.coerce.number()),
      nested: z.object({ b: secret("b#c"), whole: secret("b", undefined, { format: "json" }) }),
      bytes: secret("d/e", undefined, { format: "bytes" }),
    })

    const config = await loadConfig(Config, { secrets, settings: {} })

    expect(secrets.rounds).toHaveLength(1)
    expect(config.a.reveal()).toBe(1)
    expect(config.nested.b.reveal()).toBe("2")
    expect(config.nested.whole.reveal()).toEqual({ c: 2 })
    expect(config.bytes.reveal()).toEqual(new Uint8Array([0x33]))
  })

  it("asks the store for nothing if it has no secrets", async () => {
    const secrets = fakeSecrets(memory())
    const config = await loadConfig(z.object({ name: setting("NAME", z.string()) }), {
      secrets,
      settings: { NAME: "tally" },
    })
    expect(config).toEqual({ name: "tally" })
    expect(secrets.rounds).toHaveLength(0)
  })

  it("takes its settings from process.env unless it is told otherwise", async () => {
    const [variable, value] = Object.entries(process.env).find(([, text]) => text) as [string, string]
    const Config = z.object({ value: setting(variable, z.string()) })
    expect(await loadConfig(Config, { secrets: fakeSecrets(memory()) })).toEqual({ value })
  })

  it("finds its marks under what is chained behind them", async () => {
    const secrets = fakeSecrets(memory({ a: "x", b: "y", c: "z" }))
    const Config = z.object({
      a: secret("a")
        .describe("the first")
        .refine(handle => handle.reveal() === "x"),
      b: secret("b").meta({ title: "the second" }).nullable().readonly(),
      c: secret("c").optional().nonoptional(),
      d: setting("D", z.string()).min(1).describe("a setting").default("default"),
      e: setting("E", z.coerce.number()).refine(value => value > 2),
    })
    const config = await loadConfig(Config, { secrets, settings: { E: "3" } })
    expect([config.a.reveal(), config.b?.reveal(), config.c?.reveal()]).toEqual(["x", "y", "z"])
    expect([config.d, config.e]).toEqual(["default", 3])
    expect(await problemsOf(loadConfig(Config, { secrets, settings: { E: "1" } }))).toEqual([
      "e INVALID_VALUE",
    ])
  })

  it("may be written with zod/mini", async () => {
    const Config = mini.object({
      token: secret("token", mini.string().check(mini.startsWith("tly-"))),
      port: mini.optional(setting("PORT", mini.pipe(mini.string(), mini.transform(Number)))),
    })
    const good = fakeSecrets(memory({ token: "tly-1" }))
    const config = await loadConfig(Config, { secrets: good, settings: { PORT: "80" } })
    expect([config.token.reveal(), config.port]).toEqual(["tly-1", 80])
    const bad = fakeSecrets(memory({ token: "1" }))
    expect(await problemsOf(loadConfig(Config, { secrets: bad, settings: {} }))).toEqual([
      "token INVALID_VALUE",
    ])
  })

  it("may use one schema for several settings without marking the schema itself", async () => {
    const Port = z.coerce.number()
    const Config = z.object({ one: setting("ONE", Port), two: setting("TWO", Port), three: Port.default(3) })
    const settings = { ONE: "1", TWO: "2" }
    expect(await loadConfig(Config, { secrets: fakeSecrets(memory()), settings })).toEqual({
      one: 1,
      two: 2,
      three: 3,
    })
  })

  it("can be parsed with fixed secrets in the tests of those who use it", () => {
    const Config = z.object({ token: secret("token"), port: setting("PORT", z.coerce.number()) })
    const config = Config.parse({ token: Secret.fixed("token", "x"), port: "1" })
    expect([config.token.reveal(), config.port]).toEqual(["x", 1])
    expect(Config.safeParse({ token: "x", port: "1" }).success).toBe(false)
  })

  it("may consist of a single field", async () => {
    const secrets = fakeSecrets(memory({ token: "x" }))
    expect((await loadConfig(secret("token"), { secrets })).reveal()).toBe("x")
    expect(await problemsOf(loadConfig(secret("other"), { secrets }))).toEqual([" NOT_FOUND"])
  })

  it("keeps keys and variables apart from what objects have by nature", async () => {
    const Config = z.object({
      constructor: setting("constructor", z.string().optional()),
      toString: setting("hasOwnProperty", z.string().default("unset")),
    })
    const config = await loadConfig(Config, { secrets: fakeSecrets(memory()), settings: {} })
    expect(Object.entries(config)).toEqual([["toString", "unset"]])
  })

  it("lets schemas be asynchronous", async () => {
    const Config = z.object({
      a: setting(
        "A",
        z.string().refine(async value => value === "good"),
      ),
      unmarked: z
        .string()
        .default("x")
        .refine(async () => true),
    })
    const secrets = fakeSecrets(memory())
    expect(await loadConfig(Config, { secrets, settings: { A: "good" } })).toEqual({
      a: "good",
      unmarked: "x",
    })
    expect(await problemsOf(loadConfig(Config, { secrets, settings: { A: "bad" } }))).toEqual([
      "a INVALID_VALUE",
    ])
  })
})

describe("the result", () => {
  it("is frozen all the way down, and its secrets and dates still work", async () => {
    const Config = z.object({
      list: setting(
        "LIST",
        z.string().transform(text => text.split(",").map(part => ({ part }))),
      ),
      day: setting("DAY", z.coerce.date()),
      url: setting(
        "URL",
        z.string().transform(text => new URL(text)),
      ),
      key: setting(
        "KEY",
        z.string().transform(text => new TextEncoder().encode(text)),
      ),
      nested: z.object({ token: secret("token") }),
    })
    const config = await loadConfig(Config, {
      secrets: fakeSecrets(memory({ token: "x" })),
      settings: { LIST: "a,b", DAY: "2026-01-01", URL: "https://tally.so/a", KEY: "k" },
    })

    expect(() => Object.assign(config, { list: [] })).toThrow(TypeError)
    expect(() => Object.assign(config.nested, { token: "y" })).toThrow(TypeError)
    expect(() => config.list.push({ part: "c" })).toThrow(TypeError)
    expect(() => Object.assign(config.list[0] ?? {}, { part: "c" })).toThrow(TypeError)
    config.day.setUTCFullYear(2027)
    config.url.pathname = "/b"
    config.key[0] = 0x6c
    expect([config.day.getUTCFullYear(), config.url.href, config.key[0]]).toEqual([
      2027,
      "https://tally.so/b",
      0x6c,
    ])
    expect(config.nested.token.reveal()).toBe("x")
  })
})

describe("an optional object", () => {
  const Config = z.object({
    tls: z
      .object({
        key: secret("tls/key"),
        port: setting("TLS_PORT", z.coerce.number().default(443)),
        options: z.object({ ciphers: setting("TLS_CIPHERS", z.string().optional()) }),
      })
      .optional(),
    log: z.object({ level: setting("LOG_LEVEL", z.string().default("info")) }),
    cache: z.object({ url: setting("CACHE_URL", z.url()) }).default({ url: "memory:" }),
  })

  it("is left out while no mark below it has a value; a required one is made in any case", async () => {
    const config = await loadConfig(Config, { secrets: fakeSecrets(memory()), settings: {} })
    expect(config).toEqual({ log: { level: "info" }, cache: { url: "memory:" } })
  })

  it("is made as soon as one mark below it has a value, and then wants all", async () => {
    const secrets = fakeSecrets(memory({ "tls/key": "k" }))
    const config = await loadConfig(Config, { secrets, settings: { CACHE_URL: "https://cache" } })
    expect(config.tls?.key.reveal()).toBe("k")
    expect(config.tls?.port).toBe(443)
    expect(config.tls?.options).toEqual({})
    expect(config.cache).toEqual({ url: "https://cache" })

    const loading = loadConfig(Config, { secrets: fakeSecrets(memory()), settings: { TLS_CIPHERS: "all" } })
    expect(await problemsOf(loading)).toEqual(["tls.key NOT_FOUND"])
  })

  it("is not left out because its secret may not be read", async () => {
    const secrets = fakeSecrets(memory(), { "tls/key": new SecretError("DENIED", { secret: "tls/key" }) })
    expect(await problemsOf(loadConfig(Config, { secrets, settings: {} }))).toEqual(["tls.key DENIED"])
  })
})

describe("an optional secret", () => {
  const Config = z.object({ token: secret("token", z.string().min(2)).optional() })

  it("is absent when there is none, and only then", async () => {
    expect(await loadConfig(Config, { secrets: fakeSecrets(memory()) })).toEqual({})
    for (const code of ["DENIED", "DISABLED", "TIMEOUT", "UNAVAILABLE", "INVALID_NAME", "CLOSED"] as const) {
      const secrets = fakeSecrets(memory(), { token: new SecretError(code) })
      expect(await problemsOf(loadConfig(Config, { secrets }))).toEqual([`token ${code}`])
    }
    const tooShort = fakeSecrets(memory({ token: "x" }))
    expect(await problemsOf(loadConfig(Config, { secrets: tooShort }))).toEqual(["token INVALID_VALUE"])
  })

  it("may have a default", async () => {
    const fallback = Secret.fixed("token", "fallback")
    const config = await loadConfig(z.object({ token: secret("token").default(fallback) }), {
      secrets: fakeSecrets(memory()),
    })
    expect(config.token.reveal()).toBe("fallback")
  })

  it("may be empty where an empty value is accepted, for an empty value is one", async () => {
    const config = await loadConfig(z.object({ token: secret("token") }), {
      secrets: fakeSecrets(memory({ token: "" })),
    })
    expect(config.token.reveal()).toBe("")
  })
})

describe("an empty setting", () => {
  const secrets = fakeSecrets(memory())
  const load = <S extends z.ZodType>(schema: S) =>
    loadConfig(z.object({ value: setting("VALUE", schema as never) }), { secrets, settings: { VALUE: "" } })

  it("is a value where the schema accepts the empty text as it is", async () => {
    expect(await load(z.string())).toEqual({ value: "" })
    expect(await load(z.string().default("x"))).toEqual({ value: "" })
    expect(await load(z.enum(["", "a"]))).toEqual({ value: "" })
  })

  it("counts as unset everywhere else, so that defaults apply", async () => {
    expect(await load(z.url().default("https://tally.so"))).toEqual({ value: "https://tally.so" })
    expect(await load(z.coerce.number().default(3000))).toEqual({ value: 3000 })
    expect(await load(z.string().min(1).optional())).toEqual({})
    expect(await load(z.stringbool().default(true))).toEqual({ value: true })
  })

  it("is missing where there is no default, and the message says that it is empty", async () => {
    const error = await load(z.coerce.number().min(-1)).catch((thrown: ConfigError) => thrown)
    expect((error as ConfigError).problems).toMatchObject([
      { code: "NOT_FOUND", problem: "it is set, but empty" },
    ])
  })

  it("counts as unset when its schema throws at it", async () => {
    const throwing = z.string().transform(text => JSON.parse(text) as unknown)
    expect(await load(throwing.default({}))).toEqual({ value: {} })
  })
})

describe("a blank setting", () => {
  const secrets = fakeSecrets(memory())
  const load = <S extends z.ZodType>(schema: S) =>
    loadConfig(z.object({ value: setting("VALUE", schema as never) }), {
      secrets,
      settings: { VALUE: " \t" },
    })

  it("counts as unset where it would become something else, so that it is never 0", async () => {
    expect(await load(z.coerce.number().default(3000))).toEqual({ value: 3000 })
    expect(await load(z.stringbool().default(true))).toEqual({ value: true })
    expect(await load(z.string().trim().min(1).optional())).toEqual({})
  })

  it("is a value where the schema accepts it and leaves it as it is", async () => {
    expect(await load(z.string().min(1))).toEqual({ value: " \t" })
  })

  it("is missing where there is no default, and the message says that it is blank", async () => {
    const error = await load(z.coerce.number()).catch((thrown: ConfigError) => thrown)
    expect((error as ConfigError).problems).toMatchObject([
      {
        code: "NOT_FOUND",
        problem: "it is set, but blank",
        hint: "give it a value: a blank one counts as none",
      },
    ])
  })
})

describe("a union", () => {
  const Database = z.union([
    z.object({ url: secret("db/url", z.url()) }),
    z.object({ host: setting("DB_HOST", z.string()), password: secret("db/password") }),
  ])
  const Config = z.object({ db: Database })

  it("does not mind a missing name in an option that is not taken", async () => {
    const byUrl = await loadConfig(Config, {
      secrets: fakeSecrets(memory({ "db/url": "pg://x" })),
      settings: {},
    })
    expect("url" in byUrl.db && byUrl.db.url.reveal()).toBe("pg://x")

    const secrets = fakeSecrets(memory({ "db/password": "p" }))
    const byHost = await loadConfig(Config, { secrets, settings: { DB_HOST: "h" } })
    expect("host" in byHost.db && [byHost.db.host, byHost.db.password.reveal()]).toEqual(["h", "p"])
  })

  it("says what is missing of the option that was begun", async () => {
    const loading = loadConfig(Config, { secrets: fakeSecrets(memory()), settings: { DB_HOST: "h" } })
    expect(await problemsOf(loading)).toEqual(["db.password NOT_FOUND"])
  })

  it("names the alternatives when nothing is there", async () => {
    const error = await loadConfig(Config, { secrets: fakeSecrets(memory()), settings: {} }).catch(
      thrown => thrown,
    )
    expect(error.problems).toEqual([
      {
        path: "db",
        code: "NOT_FOUND",
        problem: "none of the options has a value",
        expected: "db/url, or DB_HOST and db/password",
        hint: "give all values of one of them",
      },
    ])
  })

  it("does not fall over to another option because a secret may not be read", async () => {
    const secrets = fakeSecrets(memory({ "db/password": "p" }), { "db/url": new SecretError("UNAVAILABLE") })
    expect(await problemsOf(loadConfig(Config, { secrets, settings: { DB_HOST: "h" } }))).toEqual([
      "db.url UNAVAILABLE",
    ])
  })

  it("may leave an object out altogether", async () => {
    const Optional = z.object({ db: z.union([z.object({ url: secret("db/url") }), z.undefined()]) })
    expect(await loadConfig(Optional, { secrets: fakeSecrets(memory()) })).toEqual({ db: undefined })
  })

  it("may have one name in several options", async () => {
    const Shared = z.union([
      z.object({ token: secret("token"), one: setting("ONE", z.string()) }),
      z.object({ token: secret("token"), two: setting("TWO", z.string()) }),
    ])
    const secrets = fakeSecrets(memory({ token: "x" }))
    const config = await loadConfig(Shared, { secrets, settings: { TWO: "2" } })
    expect("two" in config && [config.two, config.token.reveal()]).toEqual(["2", "x"])
    expect(Object.keys(secrets.rounds[0] ?? {})).toHaveLength(1)
  })

  it("may nest objects under the same keys", async () => {
    const Nested = z.union([
      z.object({ a: z.object({ one: setting("ONE", z.string()) }) }),
      z.object({ a: z.object({ two: setting("TWO", z.string()), three: setting("THREE", z.string()) }) }),
    ])
    const secrets = fakeSecrets(memory())
    expect(await loadConfig(Nested, { secrets, settings: { TWO: "2", THREE: "3" } })).toEqual({
      a: { two: "2", three: "3" },
    })
  })
})

describe("a discriminated union", () => {
  const Config = z.object({
    store: z.discriminatedUnion("kind", [
      z.strictObject({ kind: setting("KIND", z.literal("vault")), token: secret("vault/token") }),
      z.strictObject({
        kind: setting("KIND", z.literal("aws")),
        region: setting("REGION", z.string().min(4)),
      }),
      z.strictObject({ kind: z.literal("none") }),
    ]),
  })

  it("takes the option that its setting names, and does not mind what the others lack", async () => {
    const secrets = fakeSecrets(memory(), { "vault/token": new SecretError("DENIED") })
    expect(await loadConfig(Config, { secrets, settings: { KIND: "aws", REGION: "eu-1" } })).toEqual({
      store: { kind: "aws", region: "eu-1" },
    })
    expect(await loadConfig(Config, { secrets, settings: { KIND: "none", REGION: "eu-1" } })).toEqual({
      store: { kind: "none" },
    })
  })

  it("wants everything of the option that is named", async () => {
    const secrets = fakeSecrets(memory(), { "vault/token": new SecretError("DENIED") })
    expect(await problemsOf(loadConfig(Config, { secrets, settings: { KIND: "vault" } }))).toEqual([
      "store.token DENIED",
    ])
    expect(await problemsOf(loadConfig(Config, { secrets, settings: { KIND: "aws", REGION: "e" } }))).toEqual(
      ["store.region INVALID_VALUE"],
    )
  })

  it("speaks only of the setting that chooses, when that chooses nothing", async () => {
    const secrets = fakeSecrets(memory(), { "vault/token": new SecretError("DENIED") })
    expect(await problemsOf(loadConfig(Config, { secrets, settings: {} }))).toEqual(["store.kind NOT_FOUND"])
    expect(await problemsOf(loadConfig(Config, { secrets, settings: { KIND: "gcp" } }))).toEqual([
      "store.kind INVALID_VALUE",
    ])
  })
})
