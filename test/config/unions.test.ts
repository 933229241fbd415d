import { describe, expect, it } from "vitest"
import { z } from "zod"
import { memory } from "../../providers/memory/index.ts"
import { type ConfigError, loadConfig, secret, setting } from "../../src/config/index.ts"
import { type Canary, newCanary } from "../support/canary.ts"
import { fakeSecrets } from "./fake-secrets.ts"

const text = (variable: string) => setting(variable, z.string().min(1))

/** What a schema makes of these settings, or the problems as `path code name` lines. */
async function load(
  schema: z.ZodType,
  settings: Readonly<Record<string, string>>,
  canary?: Canary,
): Promise<unknown> {
  try {
    return await loadConfig(schema, { secrets: fakeSecrets(memory()), settings })
  } catch (thrown) {
    canary?.watch(thrown)
    return (thrown as ConfigError).problems.map(({ path, code, name }) => `${path} ${code} ${name ?? "-"}`)
  }
}

describe("nested unions", () => {
  const Inner = z.discriminatedUnion("kind", [
    z.object({ kind: setting("KIND", z.literal("a")), a: text("A") }),
    z.object({ kind: setting("KIND", z.literal("b")), b: text("B") }),
  ])
  const Outer = z.object({
    x: z.discriminatedUnion("kind", [
      Inner,
      z.object({ kind: setting("KIND", z.literal("c")).optional(), c: text("C") }),
    ]),
  })

  it("are chosen through by one discriminator", async () => {
    expect(await load(Outer, { KIND: "b", B: "1", A: "2" })).toEqual({ x: { kind: "b", b: "1" } })
    expect(await load(Outer, { KIND: "c", C: "1" })).toEqual({ x: { kind: "c", c: "1" } })
    expect(await load(Outer, { C: "1" })).toEqual({ x: { c: "1" } })
    expect(await load(Outer, { KIND: "b" })).toEqual(["x.b NOT_FOUND B"])
  })

  it("are spoken of as deep as somebody has begun to fill them", async () => {
    const Config = z.object({
      x: z.union([
        z.object({
          one: text("ONE"),
          deep: z.union([z.object({ two: text("TWO") }), z.object({ three: text("THREE") })]),
        }),
        z.object({ four: text("FOUR"), five: text("FIVE"), six: text("SIX") }),
      ]),
    })
    expect(await load(Config, { ONE: "1" })).toEqual(["x.deep NOT_FOUND -"])
    expect(await load(Config, { FOUR: "1" })).toEqual(["x.five NOT_FOUND FIVE", "x.six NOT_FOUND SIX"])
    expect(await load(Config, { ONE: "1", FOUR: "1" })).toEqual(["x.deep NOT_FOUND -"])
    expect(await load(Config, {})).toEqual(["x NOT_FOUND -"])
  })

  it("may be optional", async () => {
    const Config = z.object({ x: Inner.optional(), y: z.union([z.object({ a: text("Y") }).optional()]) })
    expect(await load(Config, {})).toEqual({})
    expect(await load(Config, { KIND: "a" })).toEqual(["x.a NOT_FOUND A"])
    expect(await load(Config, { Y: "1" })).toEqual({ y: { a: "1" } })
  })
})

describe("a discriminator", () => {
  const Config = z.object({
    x: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("none") }),
      z.object({ kind: setting("KIND", z.literal("some")), some: text("SOME") }),
    ]),
    thrown: setting(
      "THROWN",
      z
        .string()
        .transform(value => JSON.parse(value) as unknown)
        .optional(),
    ),
  })

  it("is found in whichever option has a mark for it", async () => {
    expect(await load(Config, {})).toEqual(["x.kind NOT_FOUND KIND"])
    expect(await load(Config, { KIND: "none" })).toEqual({ x: { kind: "none" } })
  })

  it("that chooses nothing is reported beside a schema that throws", async () => {
    const canary = newCanary()
    expect(await load(Config, { KIND: canary.text, THROWN: `{${canary.text}` }, canary)).toEqual([
      "x.kind INVALID_VALUE KIND",
      "thrown INVALID_VALUE THROWN",
    ])
  })
})

describe("a check on a union or on one of its options", () => {
  const Config = z.object({
    x: z
      .union([z.object({ a: text("A") }), z.object({ b: text("B"), c: z.object({ d: text("D") }) })])
      .refine(value => !("a" in value) || value.a !== "no", { path: ["a"] })
      .refine(value => !("b" in value) || value.b !== "no")
      .refine(value => !("c" in value) || value.c.d !== "no", { path: ["c", "elsewhere"] }),
  })

  it("is reported at the field that it names, else at the deepest place that is known", async () => {
    expect(await load(Config, { A: "no" })).toEqual(["x.a INVALID_VALUE A"])
    expect(await load(Config, { B: "no", D: "1" })).toEqual(["x INVALID_VALUE -"])
    expect(await load(Config, { B: "1", D: "no" })).toEqual(["x.c INVALID_VALUE -"])
  })

  it("is reported as a missing field where it names one that has no value", async () => {
    const Pair = z
      .object({ a: text("A").optional(), b: text("B").optional() })
      .refine(({ a, b }) => a === undefined || b !== undefined, { path: ["b"] })
    expect(await load(Pair, { A: "1" })).toEqual(["b NOT_FOUND B"])
    expect(await load(z.object({ pair: Pair.optional() }), { A: "1" })).toEqual(["pair.b NOT_FOUND B"])
  })
})

describe("options that exclude each other", () => {
  it("are told apart by zod, and too many of them are a problem of the union", async () => {
    const Config = z.object({ x: z.xor([z.object({ a: text("A") }), z.object({ b: text("B") })]) })
    expect(await load(Config, { B: "1" })).toEqual({ x: { b: "1" } })
    expect(await load(Config, { A: "1", B: "1" })).toEqual(["x INVALID_VALUE -"])
  })
})

describe("wrappers", () => {
  it("are seen through, whatever they are called", async () => {
    const Config = z.object({
      optional: z.exactOptional(text("A")),
      prefault: text("B").prefault("before"),
      nonoptional: text("C").optional().nonoptional(),
      success: z.success(text("D")),
      promise: z.promise(text("E")),
    })
    expect(await load(Config, { C: "c", D: "d", E: "e" })).toEqual({
      prefault: "before",
      nonoptional: "c",
      success: true,
      promise: "e",
    })
    expect(await load(Config, { E: "e" })).toEqual(["nonoptional NOT_FOUND C", "success NOT_FOUND D"])
  })
})

describe("a schema that throws", () => {
  it("hides neither what is missing nor what is optional or refused", async () => {
    const Config = z.object({
      thrown: setting(
        "THROWN",
        z.string().transform(value => JSON.parse(value) as unknown),
      ),
      required: text("REQUIRED"),
      defaulted: text("DEFAULTED").default("x"),
      fallback: setting("FALLBACK", z.url().default("https://tally.so")),
      refused: setting("REFUSED", z.url()),
      fine: text("FINE"),
      token: secret("token"),
      group: z.object({ inside: text("INSIDE") }).optional(),
    })
    const canary = newCanary()
    const settings = { THROWN: `{${canary.text}`, REFUSED: canary.text, FINE: canary.text }
    expect(await load(Config, settings, canary)).toEqual([
      "thrown INVALID_VALUE THROWN",
      "required NOT_FOUND REQUIRED",
      "refused INVALID_VALUE REFUSED",
      "token NOT_FOUND token",
    ])
  })
})
