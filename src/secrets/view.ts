import { fieldOf, SecretError, type SecretValue, type StoredSecret } from "../core/index.ts"
import type { StandardResult, StandardSchema } from "./schema.ts"

/** In which form a caller wants a value. */
export type Format = "text" | "json" | "bytes"

/** How one caller looks at a secret: which field, in which form, through which schema. */
export interface View {
  readonly field: string | undefined
  readonly format: Format
  readonly schema: StandardSchema | undefined
}

/** What a view makes of one version. */
export interface Seen {
  /** What a change is judged by: the value, or the field of it, before any schema. */
  readonly raw: SecretValue
  readonly value: unknown
}

/**
 * Looks at one version through a view.
 *
 * @throws SecretError `INVALID_VALUE` with a fixed text: neither a schema's messages nor a parser's are kept, because
 * they quote what they were given.
 */
export function look(secret: StoredSecret, view: View, reference: string): Seen | Promise<Seen> {
  const raw = view.field === undefined ? secret.value : fieldOf(secret.value, view.field, reference)
  const formed = inFormat(raw, view.format, reference)
  if (view.schema === undefined) return { raw, value: formed }
  return validated(view.schema, formed, raw, reference)
}

function inFormat(raw: SecretValue, format: Format, reference: string): unknown {
  switch (format) {
    case "bytes":
      // Of its own: the slice of a Buffer would share memory with what is held.
      return typeof raw === "string" ? new TextEncoder().encode(raw) : Uint8Array.from(raw)
    case "text":
      if (typeof raw === "string") return raw
      throw invalid(reference, "the value is bytes, not text", "read it with getBytes")
    case "json":
      try {
        if (typeof raw === "string") return JSON.parse(raw)
      } catch {
        // The parser's own message quotes the value.
      }
      throw invalid(reference, "the value is not JSON", 'store JSON, or ask for the format "text"')
  }
}

function validated(
  schema: StandardSchema,
  formed: unknown,
  raw: SecretValue,
  reference: string,
): Seen | Promise<Seen> {
  // Whatever a schema throws or gives back may quote what it was given, so nothing of that is kept.
  const refusal = () =>
    invalid(reference, "the schema does not accept the value", "see what the schema asks for")
  const judge = (result: StandardResult<unknown>): Seen => {
    if (result.issues !== undefined || !("value" in result)) throw refusal()
    return { raw, value: result.value }
  }
  try {
    const result = ask(schema, formed)
    if (!("then" in result)) return judge(result)
    return Promise.resolve(result)
      .then(judge)
      .catch(() => {
        throw refusal()
      })
  } catch {
    throw refusal()
  }
}

/**
 * Asks a schema. zod's own answer to the specification first tries without waiting, and leaves an asynchronous check that
 * it has begun, and that rejects, to nobody: the process would end and print what was thrown. So zod is asked to wait.
 */
function ask(
  schema: StandardSchema,
  value: unknown,
): StandardResult<unknown> | Promise<StandardResult<unknown>> {
  const { safeParseAsync } = schema as { safeParseAsync?: (value: unknown) => Promise<ZodResult> }
  if (schema["~standard"].vendor !== "zod" || safeParseAsync === undefined)
    return schema["~standard"].validate(value)
  return safeParseAsync
    .call(schema, value)
    .then(({ success, data }) => (success ? { value: data } : { issues: [] }))
}

interface ZodResult {
  readonly success: boolean
  readonly data?: unknown
}

/** An `INVALID_VALUE` about a reference. */
export function invalid(reference: string, message: string, hint: string): SecretError {
  return new SecretError("INVALID_VALUE", { secret: reference, message, hint })
}
