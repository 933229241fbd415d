import type { z } from "zod"
import { printable } from "../core/index.ts"
import type { Format } from "../secrets/index.ts"

/** Any schema of zod 4, its small sister `zod/mini` included. */
export type Schema = z.core.$ZodType

/** What a field says about where its value comes from. */
export type Mark =
  | {
      readonly kind: "secret"
      readonly name: string
      readonly format: Format
      readonly schema: Schema | undefined
    }
  | { readonly kind: "setting"; readonly variable: string }

/** Registered for the whole process, so that two copies of this package understand each other's marks. */
const MARK = Symbol.for("latchkey.mark")

/** Puts a mark on a schema that was made for it. */
export function putMark(schema: Schema, mark: Mark): void {
  Object.defineProperty(schema, MARK, { value: Object.freeze(mark), enumerable: false })
}

/** The mark of a schema, also when `.describe()`, `.refine()` or another check made a new schema of it. */
export function markOf(schema: Schema): Mark | undefined {
  for (let here: Schema | undefined = schema; here !== undefined; here = here._zod.parent) {
    const mark = ownMark(here)
    if (mark !== undefined) return mark
  }
  return undefined
}

/** The mark that lies under the mark of a schema: `setting("A", setting("B", …))`. */
export function markUnder(schema: Schema): Mark | undefined {
  let here: Schema | undefined = schema
  while (here !== undefined && ownMark(here) === undefined) here = here._zod.parent
  const original = here?._zod.parent
  return original === undefined ? undefined : markOf(original)
}

function ownMark(schema: Schema): Mark | undefined {
  return (schema as { readonly [MARK]?: Mark })[MARK]
}

/** Whether two marks ask for the same value in the same form. */
export function sameMark(one: Mark, other: Mark): boolean {
  if (one.kind === "setting" || other.kind === "setting") {
    return one.kind === "setting" && other.kind === "setting" && one.variable === other.variable
  }
  return one.name === other.name && one.format === other.format && one.schema === other.schema
}

/** What a mark asks for, as it stands in code: `secret("tally/api-token")`. */
export function markText(mark: Mark): string {
  const name = printable(mark.kind === "secret" ? mark.name : mark.variable)
  return `${mark.kind}("${name}")`
}
