import { z } from "zod"
import { className } from "../core/index.ts"
import type { Schema } from "./mark.ts"

/** What came of running a schema: its output, its issues, or the class of what it threw. */
export type Outcome =
  | { readonly output: unknown }
  | { readonly issues: readonly unknown[] }
  | { readonly threw: string }

/** Runs a schema; whatever its functions and its error maps throw stays here. */
export async function run(schema: Schema, value: unknown): Promise<Outcome> {
  try {
    const result = await z.safeParseAsync(schema, value)
    return result.success ? { output: result.data } : { issues: result.error.issues }
  } catch (thrown) {
    return { threw: className(thrown) }
  }
}

/** Whether a schema is content with `undefined`. One that can only be asked asynchronously is taken to be. */
export function acceptsNothing(schema: Schema): boolean {
  try {
    return z.safeParse(schema, undefined).success
  } catch (thrown) {
    return className(thrown) === "$ZodAsyncError"
  }
}

/** Whether a schema accepts the empty text and leaves it as it is. */
export async function acceptsEmpty(schema: Schema): Promise<boolean> {
  const outcome = await run(schema, "")
  return "output" in outcome && outcome.output === ""
}
