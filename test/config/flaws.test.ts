import { describe, expect, it } from "vitest"
import { z } from "zod"
import { memory } from "../../providers/memory/index.ts"
import { type ConfigError, loadConfig, secret, setting } from "../../src/config/index.ts"
import { isSecretError, SecretError } from "../../src/core/index.ts"
import { newCanary } from "../support/canary.ts"
import { fakeSecrets } from "./fake-secrets.ts"

/** What is wrong with a schema, although the store and the environment have everything it could ask for. */
async function flawsOf(schema: z.core.$ZodType): Promise<{ path: string; problem: string; hint?: string }[]> {
  const canary = newCanary()
  const secrets = fakeSecrets(memory({ a: canary.text, b: canary.text }))
  const error: ConfigError = await loadConfig(schema, { secrets, settings: { A: "x", B: "y" } }).then(
    () => expect.unreachable("the schema was accepted"),
    thrown => thrown,
  )
  canary.watch(error)
  expect(error.name).toBe("ConfigError")
  return error.problems.map(({ path, code, problem, hint = "" }) => {
    expect(code).toBe("MISCONFIGURED")
    return { path, problem, hint }
  })
}

describe("a mark", () => {
  const a = secret("a")
  const A = setting("A", z.string())
  const recursive: z.ZodType = z.object({
    a,
    get child() {
      return recursive.optional()
    },
  })

  it.each([
    ["an array", z.array(a)],
    ["an array", z.array(z.object({ deep: z.tuple([z.string(), A.optional()]) }))],
    ["a record", z.record(z.string(), a)],
    ["a map", z.map(z.string(), a)],
    ["a set", z.set(A)],
    ["a tuple", z.tuple([a])],
    ["a lazy schema", z.lazy(() => z.object({ a }))],
    ["an intersection", z.intersection(z.object({ a }), z.object({ A }))],
    ["a pipe or a transform", a.transform(handle => handle.reveal())],
    ["a pipe or a transform", A.transform(Number)],
    ["a pipe or a transform", z.object({ a }).transform(object => object.a)],
    ["a pipe or a transform", A.pipe(z.coerce.number())],
    ["a pipe or a transform", z.preprocess(value => value, a)],
    ["a catch", A.catch("fallback")],
    ["a catch", z.object({ a }).catch(() => ({ a: undefined as never }))],
    ["a catchall", z.object({}).catchall(a)],
  ])("inside %s is refused by its name", async (container, schema) => {
    const [flaw, ...others] = await flawsOf(z.object({ field: schema }))
    expect(others).toEqual([])
    expect(flaw?.path).toBe("field")
    expect(flaw?.problem).toMatch(/^(secret\("a"\)|setting\("A"\))(, setting\("A"\))? cannot stand inside /)
    expect(flaw?.problem).toContain(container)
  })

  it("inside a schema that contains itself is refused", async () => {
    const [flaw, ...others] = await flawsOf(recursive)
    expect(others).toEqual([])
    expect(flaw?.problem).toBe('secret("a") cannot stand inside a schema that contains itself')
  })

  it("in a schema without an end is refused, in time", async () => {
    const branching = (): z.ZodType =>
      z.object({
        a,
        get left() {
          return branching()
        },
        get right() {
          return branching()
        },
      })
    expect((await flawsOf(branching())).map(flaw => flaw.problem)).toEqual(["the schema has no end"])
    const optional = (): z.ZodType =>
      z.object({
        a,
        get child() {
          return optional().optional()
        },
      })
    expect((await flawsOf(optional())).map(flaw => flaw.problem)).toEqual(["the schema has no end"])
  })

  it("is refused with the way out", async () => {
    const hint = async (schema: z.ZodType) => (await flawsOf(z.object({ field: schema })))[0]?.hint
    expect(await hint(a.transform(handle => handle.reveal()))).toContain(".map()")
    expect(await hint(A.transform(Number))).toContain("setting(name, schema.transform(…))")
    expect(await hint(A.catch("x"))).toContain(".default(…)")
    expect(await hint(z.array(a))).toContain("fixed places")
  })

  it("may stand around a transform, a pipe or anything else", async () => {
    const Config = z.object({
      list: setting(
        "A",
        z.string().transform(text => [text]),
      ),
      number: secret("a", z.string().pipe(z.transform(text => `${text}!`))),
    })
    const config = await loadConfig(Config, {
      secrets: fakeSecrets(memory({ a: "x" })),
      settings: { A: "1" },
    })
    expect([config.list, config.number.reveal()]).toEqual([["1"], "x!"])
  })

  it("inside another mark is refused", async () => {
    for (const inside of [
      setting("A", setting("B", z.string())),
      setting("A", setting("B", z.string()).optional()),
    ]) {
      expect((await flawsOf(z.object({ field: inside })))[0]?.problem).toBe(
        'setting("B") stands inside setting("A")',
      )
    }
    expect((await flawsOf(z.object({ field: secret("a", z.string().or(A)) })))[0]?.problem).toBe(
      'setting("A") stands inside secret("a")',
    )
  })
})

describe("two options of a union", () => {
  it.each([
    ["two secrets", z.object({ x: secret("a") }), z.object({ x: secret("b") })],
    ["a secret and a setting", z.object({ x: secret("a") }), z.object({ x: setting("A", z.string()) })],
    ["two settings", z.object({ x: setting("A", z.string()) }), z.object({ x: setting("B", z.string()) })],
    ["one secret in two forms", z.object({ x: secret("a") }), z.object({ x: secret("a", z.string()) })],
    [
      "one secret in two formats",
      z.object({ x: secret("a") }),
      z.object({ x: secret("a", undefined, { format: "json" }) }),
    ],
    ["a secret and an object", z.object({ x: secret("a") }), z.object({ x: z.object({ y: secret("b") }) })],
    ["an object and a secret", z.object({ x: z.object({ y: secret("b") }) }), z.object({ x: secret("a") })],
  ])("may not claim one place for %s", async (_, one, other) => {
    const [flaw, ...others] = await flawsOf(z.object({ field: z.union([one, other]) }))
    expect(others).toEqual([])
    expect(flaw?.path).toMatch(/^field\.x(\.y)?$/)
    expect(flaw?.problem).toMatch(/ claim the same place in two options of a union$/)
  })
})

describe("a field without a mark", () => {
  it("has to be content with nothing", async () => {
    const Config = z.object({
      name: z.string(),
      inside: z.object({ list: z.array(z.string()), fine: z.string().optional() }),
      throwing: z.any().transform((value: string) => value.length),
      fine: z.string().default("x"),
      away: z.object({ name: z.string() }).optional(),
      fixed: z.unknown(),
    })
    expect((await flawsOf(Config)).map(flaw => `${flaw.path}: ${flaw.problem}`)).toEqual([
      "name: nothing fills this field",
      "inside.list: nothing fills this field",
      "throwing: nothing fills this field",
    ])
  })

  it("is reported together with everything else that is wrong", async () => {
    const Config = z.object({
      port: setting("PORT", z.coerce.number()),
      name: z.string(),
      token: secret("c"),
    })
    const error: ConfigError = await loadConfig(Config, {
      secrets: fakeSecrets(memory()),
      settings: { PORT: "x" },
    }).catch(thrown => thrown)
    expect(error.problems.map(({ path, code }) => `${path} ${code}`)).toEqual([
      "name MISCONFIGURED",
      "port INVALID_VALUE",
      "token NOT_FOUND",
    ])
  })

  it("does not have its default made when it is only looked at", async () => {
    let made = 0
    const counted = z.string().default(() => String(++made))
    const Config = z.object({ inside: z.array(z.object({ counted })).default([]), token: secret("a") })
    await loadConfig(Config, { secrets: fakeSecrets(memory({ a: "x" })), settings: {} })
    expect(made).toBe(0)
  })
})

describe("options and arguments", () => {
  const misuse = async (call: () => unknown) => {
    const error: unknown = await (async () => call())().catch(thrown => thrown)
    expect(isSecretError(error) && error.code).toBe("MISCONFIGURED")
    return (error as SecretError).message
  }

  it("are refused if they are none", async () => {
    const secrets = fakeSecrets(memory())
    const zod3 = { _def: {}, parse: () => undefined } as never
    expect(await misuse(() => loadConfig(z.object({}), { secrets, setting: {} } as never))).toContain(
      "secrets, settings",
    )
    expect(await misuse(() => loadConfig(z.object({}), {} as never))).toContain("openSecrets()")
    expect(await misuse(() => loadConfig(zod3, { secrets }))).toContain("zod 4")
    expect(await misuse(() => secret("a", zod3))).toContain("zod 4")
    expect(await misuse(() => setting("A", zod3))).toContain("zod 4")
    expect(await misuse(() => setting("A=B", z.string()))).toContain("variable")
    expect(await misuse(() => setting("", z.string()))).toContain("variable")
    expect(await misuse(() => secret("a", undefined, { format: "xml" as never }))).toContain(
      "text, json and bytes",
    )
    expect(await misuse(() => secret("a", undefined, { formt: "json" } as never))).toContain("format")
  })

  it("let through what Secrets itself throws", async () => {
    const error = new SecretError("CLOSED")
    const secrets = { store: memory(), getManySettled: () => Promise.reject(error) }
    await expect(loadConfig(z.object({ a: secret("a") }), { secrets })).rejects.toBe(error)
  })
})
