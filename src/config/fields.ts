import { z } from "zod"
import { refuseUnknownOptions, type Secret, SecretError } from "../core/index.ts"
import type { Format } from "../secrets/index.ts"
import { putMark, type Schema } from "./mark.ts"

/** The schema of a field that holds a live {@link Secret}. */
export type SecretSchema<T> = z.ZodCustom<Secret<T>, Secret<T>>

/** What a secret is where no schema says more. */
export interface FormatValues {
  text: string
  json: unknown
  bytes: Uint8Array
}

/** Refuses, at compile time, a schema that can never accept what it will be given. */
type MustAccept<S extends Schema, Given, Sentence extends string> =
  unknown extends z.input<S> ? unknown : [Extract<z.input<S>, Given>] extends [never] ? Sentence : unknown

/** What the schema of a secret is given. */
type GivenBy<F extends Format, S extends Schema> = F extends "json" ? z.input<S> : FormatValues[F]

const FORMATS: ReadonlySet<string> = new Set<Format>(["text", "json", "bytes"])

/**
 * A field that comes from the store: a live `Secret` whose value has passed the schema, now and after each rotation.
 *
 * @param name the name in the store, or a field of a secret that is a JSON object: `"tally/api-token"`, `"db#password"`.
 * @param schema what the value must be; what it makes of the value is what `reveal()` gives. Default: anything.
 * @param options.format `"text"` (the default), `"json"` (the value is parsed first) or `"bytes"`.
 * @throws SecretError `MISCONFIGURED` for a format that does not exist.
 */
export function secret<F extends Format = "text">(
  name: string,
  schema?: undefined,
  options?: { readonly format?: F },
): SecretSchema<FormatValues[F]>
export function secret<S extends Schema, F extends Format = "text">(
  name: string,
  schema: S & MustAccept<S, GivenBy<F, S>, "the schema of a secret must accept what its format gives">,
  options?: { readonly format?: F },
): SecretSchema<z.output<S>>
export function secret(
  name: string,
  schema?: Schema,
  options: { readonly format?: Format } = {},
): SecretSchema<unknown> {
  refuseUnknownOptions("secret()", options, ["format"])
  const { format = "text" } = options
  if (!FORMATS.has(format)) {
    throw misconfigured(
      "secret() was given a format that does not exist",
      "the formats are text, json and bytes",
    )
  }
  if (schema !== undefined) refuseForeign("secret()", schema)
  const field = z.custom<Secret<unknown>>(isSecret)
  putMark(field, { kind: "secret", name, format, schema })
  return field
}

/**
 * A field that comes from the environment: the schema is given the text of the variable, and keeps its own type.
 * A variable that is set but empty or blank counts as unset, unless the schema accepts that text as it is.
 *
 * @throws SecretError `MISCONFIGURED` for a name that no variable can have.
 */
export function setting<S extends Schema>(
  variable: string,
  schema: S &
    MustAccept<
      S,
      string,
      "a setting is text: use z.coerce.number(), z.stringbool() and the like to convert it"
    >,
): S {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL cannot stand in the name of a variable
  if (typeof variable !== "string" || variable === "" || /[=\u0000]/.test(variable)) {
    throw misconfigured("setting() was given no name of a variable", 'a name is not empty and has no "="')
  }
  refuseForeign("setting()", schema)
  const plain: Schema = schema
  // A schema of its own, because the same one may serve other fields; with a parent, so that its metadata stays.
  const marked = z.clone(plain, plain._zod.def, { parent: true })
  putMark(marked, { kind: "setting", variable })
  return marked as S
}

/** Whether something is a handle on a secret, also one that another copy of this package made. */
function isSecret(value: unknown): value is Secret<unknown> {
  if (typeof value !== "object" || value === null) return false
  const { reveal, onRotate } = value as Partial<Secret<unknown>>
  return typeof reveal === "function" && typeof onRotate === "function"
}

/** Whether something is a schema of zod 4. */
export function isSchema(value: unknown): value is Schema {
  if (typeof value !== "object" || value === null || !("_zod" in value)) return false
  const internals = value._zod
  return typeof internals === "object" && internals !== null && "run" in internals && "def" in internals
}

/** Refuses what is no schema of zod 4. */
export function refuseForeign(what: string, schema: unknown): void {
  if (isSchema(schema)) return
  throw misconfigured(`${what} was given no schema of zod 4`, 'install zod 4 and import it from "zod"')
}

function misconfigured(message: string, hint: string): SecretError {
  return new SecretError("MISCONFIGURED", { message, hint })
}
