import { isSchema } from "./fields.ts"
import { type Mark, markOf, type Schema } from "./mark.ts"

/** How many schemas are looked through; more means schemas that make schemas without end. */
const MOST_SCHEMAS = 2_000

/**
 * The marks anywhere in a schema, through arrays, lazies, pipes and whatever else zod has or will have.
 *
 * @param own whether the schema's own mark counts, which hides those below it. Default: it does.
 */
export function* marksWithin(
  schema: Schema,
  own: "counts" | "passed over" = "counts",
): Generator<Mark, undefined> {
  const seen = new Set<Schema>([schema])
  // A Set that grows while it is iterated is a queue without duplicates.
  for (const here of seen) {
    const mark = here === schema && own === "passed over" ? undefined : markOf(here)
    if (mark !== undefined) yield mark
    else if (seen.size < MOST_SCHEMAS) for (const child of childrenOf(here)) seen.add(child)
  }
  return undefined
}

/** Whether there is any mark in a schema. */
export function hasMark(schema: Schema): boolean {
  return marksWithin(schema).next().done !== true
}

function childrenOf(schema: Schema): Schema[] {
  const { def } = schema._zod
  if (def.type === "lazy") return [(schema as LazySchema)._zod.innerType]
  // By what the definition holds, not by the kind of schema: a kind that zod adds later is looked through too.
  return Object.keys(def).flatMap(key => {
    // Reading it would call the user's function that makes the default.
    if (key === "defaultValue") return []
    const part = (def as unknown as Record<string, unknown>)[key]
    if (isSchema(part)) return [part]
    if (Array.isArray(part)) return part.filter(isSchema)
    return isPlainRecord(part) ? Object.values(part).filter(isSchema) : []
  })
}

interface LazySchema extends Schema {
  readonly _zod: Schema["_zod"] & { readonly innerType: Schema }
}

function isPlainRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
