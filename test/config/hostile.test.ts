import { afterEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { memory } from "../../providers/memory/index.ts"
import { ConfigError, loadConfig, secret, setting } from "../../src/config/index.ts"
import { Secrets } from "../../src/secrets/index.ts"
import { type Canary, expectNoLeak, newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"

/** Schemas that say what they were given, in every way that zod has. Each refuses the canary. */
const hostileSchemas: Record<string, z.ZodType> = {
  "a message made of the input": z
    .string()
    .refine(() => false, { error: issue => `no: ${String(issue.input)}` }),
  "an error map of its own": z.string({ error: issue => String(issue.input) }).min(1_000),
  "an error map that throws": z.string().refine(() => false, {
    error: issue => {
      throw new Error(String(issue.input))
    },
  }),
  "an issue whose every part is the input": z.string().check(payload => {
    payload.issues.push({
      code: payload.value as "custom",
      input: payload.value,
      message: payload.value,
      path: [payload.value, payload.value],
      params: { value: payload.value },
    })
  }),
  "an issue of a known code with forged facts": z.string().superRefine((value, context) => {
    context.addIssue({
      code: "invalid_format",
      format: "starts_with",
      prefix: value,
      input: value,
      message: value,
    })
    context.addIssue({ code: "invalid_value", values: [value], input: value, message: value })
    context.addIssue({ code: "unrecognized_keys", keys: [value], input: {}, message: value })
  }),
  "a transform that lets JSON.parse throw": z.string().transform(text => JSON.parse(text) as unknown),
  "a transform that lets new URL throw": z.string().transform(text => new URL(text)),
  "a transform that throws the text itself": z.string().transform(text => {
    throw text
  }),
  "an asynchronous transform that rejects": z.string().transform(async text => {
    throw Object.assign(new Error(text), { input: text })
  }),
  "an exception of a class that is named after the input": z.string().transform(text => {
    throw new (class {
      static get name() {
        return text
      }
    })()
  }),
  "a record whose keys are the input": z
    .string()
    .transform(text => ({ [text]: text }))
    .pipe(z.record(z.string(), z.string().max(1))),
  "an object with unknown keys": z
    .string()
    .transform(text => ({ known: 1, [text]: text }))
    .pipe(z.strictObject({ known: z.number() })),
  "a key that no pattern allows": z
    .string()
    .transform(text => ({ [text]: 1 }))
    .pipe(z.record(z.enum(["a"]), z.number())),
  "a union of all that": z.union([
    z.url({ error: issue => String(issue.input) }),
    z
      .string()
      .transform(text => text.length)
      .pipe(z.int({ error: issue => String(issue.input) }).max(1)),
  ]),
  "a list of allowed values": z.enum(["one", "two"], { error: issue => String(issue.input) }),
}

const global = z.config()
afterEach(() => {
  z.config({ customError: undefined, ...global })
})

async function errorOf(loading: Promise<unknown>): Promise<ConfigError> {
  const error: unknown = await loading.then(
    () => expect.unreachable("the configuration was loaded"),
    thrown => thrown,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return error as ConfigError
}

function expectNoTrace(canary: Canary, error: ConfigError): void {
  expectNoLeak(canary, error, error.message, error.problems, ...error.problems)
}

describe.each(Object.entries(hostileSchemas))("%s", (_, schema) => {
  it("does not get a secret into the error, nor into anything that Secrets says", async () => {
    const clock = checkedFakeClock()
    const canary = newCanary()
    const store = memory({ token: canary.text }, { clock })
    await using secrets = new Secrets(store, { clock })
    canary.watch(secrets, secrets.health())
    const Config = z.object({ tally: z.object({ token: secret("token", schema as z.ZodType) }) })

    const error = await errorOf(loadConfig(Config, { secrets, settings: {} }))

    expectNoTrace(canary, error)
    expect(error.problems).toMatchObject(
      [{ path: /^tally\.token/, code: "INVALID_VALUE", name: "token" }].map(({ path, ...rest }) => ({
        path: expect.stringMatching(path),
        ...rest,
      })),
    )
  })

  it("does not get a setting into the error: people put secrets there by mistake", async () => {
    const canary = newCanary()
    const Config = z.object({
      first: setting("FIRST", z.coerce.number()),
      value: setting("VALUE", schema as z.ZodType),
      last: secret("last"),
    })
    await using secrets = new Secrets(memory(), { clock: checkedFakeClock() })

    const error = await errorOf(
      loadConfig(Config, { secrets, settings: { VALUE: canary.text, FIRST: canary.text } }),
    )

    expectNoTrace(canary, error)
    expect(error.problems.map(({ name, code }) => [name, code])).toEqual([
      ["FIRST", "INVALID_VALUE"],
      ["VALUE", "INVALID_VALUE"],
      ["last", "NOT_FOUND"],
    ])
  })
})

describe("a check of the whole configuration", () => {
  it("cannot get a value into the error, neither by its message and path nor by throwing", async () => {
    const clock = checkedFakeClock()
    const canary = newCanary()
    await using secrets = new Secrets(memory({ token: canary.text }, { clock }), { clock })
    const Plain = z.object({ token: secret("token"), name: setting("NAME", z.string()) })
    const settings = { NAME: canary.text }
    const load = (schema: z.ZodType) =>
      errorOf(loadConfig(z.object({ inner: schema }), { secrets, settings }))

    const byIssue = await load(
      Plain.superRefine((config, context) => {
        const value = config.token.reveal()
        context.addIssue({ code: "custom", message: value, path: [value, "x"], params: { value } })
      }),
    )
    expectNoTrace(canary, byIssue)
    expect(byIssue.problems).toMatchObject([{ path: "inner", code: "INVALID_VALUE" }])

    const byPath = await load(
      Plain.refine(() => false, { path: ["token"], error: ({ input }) => String(input) }),
    )
    expectNoTrace(canary, byPath)
    expect(byPath.problems).toMatchObject([{ path: "inner.token", name: "token", code: "INVALID_VALUE" }])

    const byThrowing = await load(
      Plain.refine(config => {
        throw new TypeError(config.token.reveal())
      }),
    )
    expectNoTrace(canary, byThrowing)
    expect(byThrowing.problems).toMatchObject([
      { path: "", code: "INVALID_VALUE", problem: "a check or a transform of it threw a TypeError" },
    ])
  })
})

describe("the error maps of zod as a whole", () => {
  it("are not listened to either", async () => {
    const canary = newCanary()
    z.config({ customError: issue => `zod was given ${String(issue.input)}` })
    await using secrets = new Secrets(memory({ token: canary.text }), { clock: checkedFakeClock() })
    const Config = z.object({ token: secret("token", z.url()), port: setting("PORT", z.coerce.number()) })
    expectNoTrace(canary, await errorOf(loadConfig(Config, { secrets, settings: { PORT: canary.text } })))
  })
})

describe("the path of a problem below a secret or a setting", () => {
  const Shape = z.object({
    user: z.string(),
    roles: z.record(z.string(), z.object({ level: z.number() })),
    list: z.array(z.object({ id: z.number() })),
  })

  it("goes as far as keys stand in the shape of an object, and no further", async () => {
    const clock = checkedFakeClock()
    const canary = newCanary()
    const load = async (value: unknown, schema: z.ZodType = Shape) => {
      await using secrets = new Secrets(memory({ db: JSON.stringify(value) }, { clock }), { clock })
      const Config = z.object({ db: secret("db", schema, { format: "json" }) })
      const error = await errorOf(loadConfig(Config, { secrets, settings: {} }))
      expectNoTrace(canary, error)
      return error.problems.map(({ path, expected }) => [path, expected])
    }
    const expected = "JSON: an object with user, roles, list"
    expect(await load({ user: 1, roles: {}, list: [] })).toEqual([["db.user", "text"]])
    expect(await load({ user: "u", roles: { [canary.text]: { level: canary.text } }, list: [] })).toEqual([
      ["db.roles", expected],
    ])
    expect(await load({ user: "u", roles: {}, list: [{ id: canary.text }] })).toEqual([["db.list", expected]])
    expect(await load({ user: 1 }, z.union([Shape.optional(), z.null()]))).toEqual([
      ["db", `${expected} or null`],
    ])
  })

  it("does so for settings", async () => {
    const canary = newCanary()
    const Parsed = z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(z.object({ inner: Shape.partial() }))
    await using secrets = new Secrets(memory(), { clock: checkedFakeClock() })
    const settings = { SETTING: JSON.stringify({ inner: { roles: { [canary.text]: 1 } } }) }
    const error = await errorOf(
      loadConfig(z.object({ value: setting("SETTING", Parsed) }), { secrets, settings }),
    )
    expectNoTrace(canary, error)
    expect(error.problems).toMatchObject([{ path: "value.inner.roles" }])
  })
})
