import { z } from "zod"
import { printable } from "../core/index.ts"
import type { Mark, Schema } from "./mark.ts"

type Definition = z.core.$ZodTypes["_zod"]["def"]

/** How much of a schema's own text is told: of a secret's schema no pattern and no list of values. */
type Telling = "all" | "little"

const MOST_VALUES = 12
const MOST_KEYS = 8
const LONGEST_PATTERN = 60
const LONGEST_PREFIX = 16
const LONGEST_DESCRIPTION = 200

/**
 * What a field is expected to be, in words: `"a whole number that is at least 0"`, or the schema's own description.
 * Taken from the schema alone, never from a value nor from what a check said about one.
 */
export function expectedOf(mark: Mark, schemas: readonly Schema[]): string | undefined {
  if (mark.kind === "setting") return alternatives(schemas.map(schema => describe(schema, "all")))
  const { schema, format } = mark
  const described = schema === undefined ? undefined : describe(schema, "little")
  switch (format) {
    case "text":
      return described
    case "json":
      return described === undefined ? "JSON" : `JSON: ${described}`
    case "bytes":
      return described ?? "bytes"
  }
}

/** What a schema expects that has no mark. */
export function expectedBy(schema: Schema): string | undefined {
  return describe(schema, "all")
}

/** What a field is expected to be below its own place, in words; of a secret's schema as little as elsewhere. */
export function expectedBelow(mark: Mark, schemas: readonly Schema[]): string | undefined {
  return alternatives(schemas.map(schema => describe(schema, mark.kind === "setting" ? "all" : "little")))
}

/** Whether a schema, or what it wraps, has a description of its own. */
export function isDescribed(schema: Schema): boolean {
  if (descriptionOf(schema) !== undefined) return true
  const { def } = schema._zod as z.core.$ZodTypes["_zod"]
  return def.type !== "lazy" && "innerType" in def && isDescribed(def.innerType)
}

/** The beginning that a text must have, for a line that shows how to write it. Default: nothing. */
export function prefixOf(schema: Schema | undefined): string {
  const check = schema && checksOf(schema).find(({ format }) => format === "starts_with")
  return typeof check?.prefix === "string" && check.prefix.length <= LONGEST_PREFIX ? check.prefix : ""
}

function describe(schema: Schema, telling: Telling): string | undefined {
  const description = descriptionOf(schema)
  if (description !== undefined) return description
  const def = schema._zod.def as Definition
  const noun = nounOf(schema, def, telling)
  if (noun === undefined) return undefined
  const clauses = checksOf(schema).map(check => clauseOf(check, def.type, telling))
  const told = [...new Set(clauses)].filter(clause => clause !== undefined)
  return told.length === 0 ? noun : `${noun} that ${told.join(" and ")}`
}

function descriptionOf(schema: Schema): string | undefined {
  const description = z.globalRegistry.get(schema)?.description
  if (typeof description !== "string" || description === "") return undefined
  return printable(description).slice(0, LONGEST_DESCRIPTION)
}

/** A check as far as it matters here; which fields there are depends on `check` and `format`. */
interface Check {
  readonly check?: string
  readonly format?: string
  readonly prefix?: unknown
  readonly suffix?: unknown
  readonly includes?: unknown
  readonly pattern?: unknown
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly length?: unknown
  readonly value?: unknown
  readonly inclusive?: boolean
}

/** What is asked of a schema's value: formats are schema and check at once. */
function checksOf(schema: Schema): Check[] {
  const def = schema._zod.def as Check & {
    readonly checks?: readonly { readonly _zod: { readonly def: object } }[]
  }
  const own: Check[] = def.check === undefined ? [] : [def]
  return [...own, ...(def.checks ?? []).map(check => check._zod.def as Check)]
}

const FORMATS: Readonly<Record<string, string>> = {
  url: "a URL",
  email: "an e-mail address",
  uuid: "a UUID",
  guid: "a UUID",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  cidrv4: "an IPv4 range",
  cidrv6: "an IPv6 range",
  base64: "base64 text",
  base64url: "base64url text",
  jwt: "a JSON Web Token",
  datetime: "an ISO date and time",
  date: "an ISO date",
  time: "an ISO time",
  duration: "an ISO duration",
  e164: "a telephone number",
  hostname: "a host name",
  hex: "hexadecimal text",
}

function nounOf(schema: Schema, def: Definition, telling: Telling): string | undefined {
  switch (def.type) {
    case "string":
      return (
        checksOf(schema)
          .map(({ format = "" }) => FORMATS[format])
          .find(noun => noun !== undefined) ?? "text"
      )
    case "number":
    case "bigint":
      return def.type === "bigint" || checksOf(schema).some(isWholeNumber) ? "a whole number" : "a number"
    case "boolean":
      return "true or false"
    case "date":
      return "a date"
    case "literal":
      return valuesOf(def.values, telling)
    case "enum":
      // A numeric enum of TypeScript lists its names as values too.
      return valuesOf(
        Object.keys(def.entries)
          .filter(key => !/^\d+$/.test(key))
          .map(key => def.entries[key]),
        telling,
      )
    case "union":
      return alternatives(def.options.map(option => describe(option, telling)))
    case "object": {
      const keys = Object.keys(def.shape).map(printable)
      const more = keys.length > MOST_KEYS ? ", …" : ""
      return keys.length === 0 ? "an object" : `an object with ${keys.slice(0, MOST_KEYS).join(", ")}${more}`
    }
    case "record":
    case "map":
      return "an object"
    case "array":
    case "tuple":
    case "set":
      return "a list"
    case "template_literal":
      return "text of a certain pattern"
    case "pipe":
      return pipedNoun(def, telling)
    case "custom":
      return "a value"
    case "null":
      return "null"
    default:
      return "innerType" in def ? describe(def.innerType, telling) : undefined
  }
}

function isWholeNumber(check: Check): boolean {
  return check.check === "number_format" && /int/.test(check.format ?? "")
}

function pipedNoun(def: z.core.$ZodPipeDef, telling: Telling): string | undefined {
  const input = def.in._zod.def.type
  const output = def.out._zod.def.type
  // A codec from text to a boolean, as z.stringbool() is.
  if (input === "string" && output === "boolean") return "true or false"
  return describe(input === "transform" ? def.out : def.in, telling)
}

function clauseOf(check: Check, type: string, telling: Telling): string | undefined {
  const unit = type === "string" ? "characters" : "elements"
  switch (check.check) {
    case "min_length":
    case "min_size":
      return check.minimum === 1 ? "is not empty" : `has at least ${String(check.minimum)} ${unit}`
    case "max_length":
    case "max_size":
      return `has at most ${String(check.maximum)} ${unit}`
    case "length_equals":
      return `has exactly ${String(check.length)} ${unit}`
    case "greater_than":
      return typeof check.value === "object"
        ? undefined
        : `is ${check.inclusive ? "at least" : "above"} ${check.value}`
    case "less_than":
      return typeof check.value === "object"
        ? undefined
        : `is ${check.inclusive ? "at most" : "below"} ${check.value}`
    case "multiple_of":
      return `is a multiple of ${String(check.value)}`
    case "string_format":
      return formatClause(check, telling)
    case "custom":
      return "passes its own check"
    default:
      return undefined
  }
}

function formatClause(check: Check, telling: Telling): string | undefined {
  const { format = "", prefix, suffix, includes, pattern } = check
  if (format === "starts_with" && typeof prefix === "string") {
    return telling === "all" || prefix.length <= LONGEST_PREFIX
      ? `starts with ${JSON.stringify(prefix)}`
      : "starts as its schema says"
  }
  if (format === "lowercase") return "is in lower case"
  if (format === "uppercase") return "is in upper case"
  if (Object.hasOwn(FORMATS, format)) return undefined
  if (telling === "little") return "has the format that its schema says"
  if (format === "ends_with") return `ends with ${JSON.stringify(suffix)}`
  if (format === "includes") return `contains ${JSON.stringify(includes)}`
  if (format !== "regex") return `has the format ${format}`
  const shown = String(pattern)
  return shown.length <= LONGEST_PATTERN ? `matches ${shown}` : "matches the pattern of its schema"
}

function valuesOf(values: readonly unknown[], telling: Telling): string {
  if (telling === "little")
    return values.length === 1 ? "one certain value" : `one of ${values.length} certain values`
  const shown = values
    .slice(0, MOST_VALUES)
    .map(value => (typeof value === "string" ? JSON.stringify(value) : `${value}`))
  if (values.length > MOST_VALUES) shown.push("…")
  return shown.length === 1 ? `${shown[0]}` : `one of ${shown.join(", ")}`
}

function alternatives(descriptions: readonly (string | undefined)[]): string | undefined {
  const known = [...new Set(descriptions)].filter(description => description !== undefined)
  // One that cannot be described makes the others say too little.
  return known.length === 0 || descriptions.includes(undefined) ? undefined : known.join(" or ")
}
