import type { z } from "zod"
import { hasMark, marksWithin } from "./children.ts"
import { isSchema } from "./fields.ts"
import { type Mark, markOf, markText, markUnder, type Schema, sameMark } from "./mark.ts"
import { type Field, type Flaw, type Path, type Plan, type Planned, pathKey } from "./plan.ts"

/** How deep a configuration may be; more means shapes that make shapes without end. */
const DEEPEST = 64

/** Wrappers that are content with nothing. */
const ABSENTABLE: ReadonlySet<string> = new Set(["optional", "default", "prefault"])

/** What stands in the message for a container in which a mark has no place of its own. */
const REFUSED: Readonly<Record<string, string>> = {
  array: "an array",
  record: "a record",
  map: "a map",
  set: "a set",
  tuple: "a tuple",
  lazy: "a lazy schema",
  intersection: "an intersection",
  pipe: "a pipe or a transform",
  catch: "a catch",
}

/** Where a walk is. */
interface Place {
  readonly path: Path
  readonly required: boolean
  /** The schemas above, to notice one that contains itself. */
  readonly above: ReadonlySet<Schema>
}

/** Finds all marks of a schema, without running anything of it but schemas that have no mark. */
export function planOf(root: Schema): Planned {
  const fields = new Map<string, Field>()
  const flaws: Flaw[] = []
  /** For each path, a field that lies deeper. */
  const firstBelow = new Map<string, Field>()
  let endless = false

  const plan = walk(root, { path: [], required: true, above: new Set() })
  return { plan, fields: [...fields.values()], flaws }

  function walk(schema: Schema, place: Place): Plan {
    if (endless) return { kind: "refused", path: place.path }
    const mark = markOf(schema)
    if (mark !== undefined) return fieldAt(schema, mark, place)
    const { def } = schema._zod as z.core.$ZodTypes["_zod"]
    if (place.path.length > DEEPEST) return withoutEnd(place)
    if (place.above.has(schema)) {
      return within(schema, place, "a schema that contains itself")
    }
    switch (def.type) {
      case "object":
        return objectAt(schema, def, place)
      case "union":
        return unionAt(schema, def, place)
      case "catch":
        return within(schema, place, "a catch")
      default:
        return "innerType" in def && isSchema(def.innerType)
          ? wrapperAt(schema, def.innerType, place)
          : within(schema, place, REFUSED[def.type] ?? `a schema of the type ${def.type}`)
    }
  }

  function fieldAt(schema: Schema, mark: Mark, place: Place): Plan {
    const { path, required } = place
    const inner = markInside(schema, mark)
    if (inner !== undefined) {
      return refuse(
        path,
        `${markText(inner)} stands inside ${markText(mark)}`,
        "let each field have one source",
      )
    }
    const known = fields.get(pathKey(path))
    if (known !== undefined && sameMark(known.mark, mark)) {
      known.schemas.push(schema)
      return { kind: "field", field: known }
    }
    const prefixes = path.map((_, length) => pathKey(path.slice(0, length)))
    const rival = known ?? firstBelow.get(pathKey(path)) ?? prefixes.map(at => fields.get(at)).find(Boolean)
    if (rival !== undefined) return refuse(path, ...rivalry(rival.mark, mark))

    const field: Field = { path, mark, schemas: [schema], required }
    fields.set(pathKey(path), field)
    for (const at of prefixes) if (!firstBelow.has(at)) firstBelow.set(at, field)
    return { kind: "field", field }
  }

  function objectAt(schema: Schema, def: z.core.$ZodObjectDef, place: Place): Plan {
    const above = new Set(place.above).add(schema)
    const keys = new Map<string, Plan>()
    const explicit = new Set<string>()
    for (const [key, value] of Object.entries(def.shape)) {
      // zod itself passes over this key.
      if (key === "__proto__") continue
      keys.set(key, walk(value, { path: [...place.path, key], required: place.required, above }))
      if (value._zod.optin === undefined) explicit.add(key)
    }
    if (def.catchall !== undefined) within(def.catchall, place, "a catchall")
    return { kind: "object", path: place.path, keys, explicit }
  }

  function unionAt(
    schema: Schema,
    def: z.core.$ZodUnionDef | z.core.$ZodDiscriminatedUnionDef,
    place: Place,
  ): Plan {
    if (!hasMark(schema)) return { kind: "leaf", path: place.path, schema }
    const discriminator = "discriminator" in def ? def.discriminator : undefined
    const above = new Set(place.above).add(schema)
    const options = def.options.map(option => ({
      plan: walk(option, { path: place.path, required: false, above }),
      chosenBy: discriminator === undefined ? undefined : option._zod.propValues?.[discriminator],
    }))
    return { kind: "union", path: place.path, options, discriminator }
  }

  function wrapperAt(schema: Schema, innerType: Schema, place: Place): Plan {
    const absentable = ABSENTABLE.has((schema as z.core.$ZodTypes)._zod.def.type)
    const above = new Set(place.above).add(schema)
    // Only what has a mark below is looked into: the rest is content with nothing, as a whole.
    if (absentable && !hasMark(innerType)) return { kind: "leaf", path: place.path, schema }
    const inner = walk(innerType, { path: place.path, required: place.required && !absentable, above })
    if (inner.kind === "leaf") return { kind: "leaf", path: place.path, schema }
    return absentable ? { kind: "absentable", inner } : inner
  }

  /** A schema that the walk does not enter. */
  function within(schema: Schema, place: Place, container: string): Plan {
    const marks = [...marksWithin(schema)]
    if (marks.length === 0) return { kind: "leaf", path: place.path, schema }
    const names = [...new Set(marks.map(markText))].join(", ")
    return refuse(place.path, `${names} cannot stand inside ${container}`, wayOut(container, marks))
  }

  /** Ends the walk through schemas that make schemas, which could go on for ever. */
  function withoutEnd({ path }: Place): Plan {
    if (endless) return { kind: "refused", path }
    endless = true
    return refuse(path, "the schema has no end", "make schemas outside of the getters that return them")
  }

  function refuse(path: Path, problem: string, hint: string): Plan {
    flaws.push({ path, problem, hint })
    return { kind: "refused", path }
  }
}

/** A mark inside a schema that has one itself. */
function markInside(schema: Schema, mark: Mark): Mark | undefined {
  const under = markUnder(schema)
  if (under !== undefined) return under
  const inside =
    mark.kind === "setting" ? marksWithin(schema, "passed over") : mark.schema && marksWithin(mark.schema)
  return inside?.next().value
}

/** Problem and hint for two marks of which each wants the place of the other. */
function rivalry(one: Mark, other: Mark): [problem: string, hint: string] {
  const sameSecret = one.kind === "secret" && other.kind === "secret" && one.name === other.name
  return [
    `${markText(one)} and ${markText(other)} claim the same place in two options of a union`,
    sameSecret
      ? "let both options use one and the same schema for the secret"
      : "give the fields of the options different keys",
  ]
}

function wayOut(container: string, marks: readonly Mark[]): string {
  if (container === REFUSED.pipe) {
    return marks.some(mark => mark.kind === "secret")
      ? "a transform would freeze a revealed value: use .map() on the secret, or a transform in its own schema"
      : "put the transform inside: setting(name, schema.transform(…))"
  }
  if (container === REFUSED.catch)
    return "a catch would hide that a source fails: use .optional() or .default(…)"
  return "sources have fixed places: keys of objects, inside unions and optional objects"
}
