import { z } from "zod"
import type { Schema } from "./mark.ts"
import type { Field } from "./plan.ts"

/** What came of running a schema: its output, its issues, or what kind of error it threw. */
export type Outcome =
  | { readonly output: unknown }
  | { readonly issues: readonly unknown[] }
  | { readonly threw: string }

/**
 * Runs a schema; whatever its functions and its error maps throw stays here. Asynchronously in any case: a schema that
 * is tried synchronously first leaves the promises of its functions to nobody, and when one is rejected, the process
 * ends with a message that may quote the value.
 */
export async function run(schema: Schema, value: unknown): Promise<Outcome> {
  try {
    const result = await z.safeParseAsync(schema, value)
    return result.success ? { output: result.data } : { issues: result.error.issues }
  } catch (thrown) {
    return { threw: kindOfError(thrown) }
  }
}

/** Whether a schema is content with `undefined`. */
export async function acceptsNothing(schema: Schema): Promise<boolean> {
  return "output" in (await run(schema, undefined))
}

/** Whether one of the schemas of a field is content with `undefined`. */
export async function anyAcceptsNothing({ schemas }: Field): Promise<boolean> {
  return (await Promise.all(schemas.map(acceptsNothing))).includes(true)
}

/** Whether a schema accepts a text and leaves it as it is. */
export async function keeps(schema: Schema, text: string): Promise<boolean> {
  const outcome = await run(schema, text)
  return "output" in outcome && outcome.output === text
}

const KINDS = [SyntaxError, TypeError, RangeError, ReferenceError, URIError, EvalError]

/** What was thrown, by its class if that is the language's own: a name that somebody else chose could be anything. */
function kindOfError(thrown: unknown): string {
  const kind = KINDS.find(type => thrown instanceof type)
  if (kind !== undefined) return `a ${kind.name}`
  return thrown instanceof Error ? "an error" : "something that is no error"
}
