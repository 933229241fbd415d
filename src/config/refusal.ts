import { isDescribed } from "./expected.ts"
import { isSchema } from "./fields.ts"
import type { Schema } from "./mark.ts"

/**
 * Why a schema refused a value, in words that cannot be the value's: of an issue only its code is taken, if it is one
 * that zod has, and the keys of its path that stand in the shape of an object. Messages, and whatever else an issue
 * carries, can be made by the schema's functions of the value itself.
 */
export interface Refusal {
  /** What is wrong: `"it is too short or too small"`. */
  readonly problem: string
  /** The keys below the field, as far as they are known from the schema. */
  readonly path: readonly string[]
  /** What the schema has at the end of the path; nothing where the issue lies deeper than its keys are known. */
  readonly at: readonly Schema[]
  /** Whether the type itself is wrong, not only what is asked of it. */
  readonly wrongType: boolean
}

const PROBLEMS: Readonly<Record<string, string>> = {
  invalid_type: "it is of the wrong type",
  too_small: "it is too short or too small",
  too_big: "it is too long or too large",
  invalid_format: "it does not have the right format",
  not_multiple_of: "it is not a multiple of what it should be",
  unrecognized_keys: "it has keys that the schema does not know",
  invalid_union: "it fits none of the options",
  invalid_key: "it has a key that the schema does not accept",
  invalid_element: "it has an element that the schema does not accept",
  invalid_value: "it is none of the values that are allowed",
  custom: "a check of its schema refuses it",
}

/** What is known of an issue, and safe. @param schemas those of the place where the path begins. */
export function refusalOf(code: unknown, path: readonly unknown[], schemas: readonly Schema[]): Refusal {
  const { keys, at } = follow(schemas, path)
  // Somebody who wrote a description for people gets people who read it: options are then no matter of theirs.
  const described = code === "invalid_union" && at.some(isDescribed)
  const problem = described ? "it is not what is expected" : problemOf(code)
  return { problem, path: keys, at, wrongType: code === "invalid_type" }
}

/** What is known of the first of several issues. */
export function refusalByIssues(issues: readonly unknown[], schemas: readonly Schema[]): Refusal {
  const { code, path } = factsOf(issues[0])
  return refusalOf(code, path, schemas)
}

/** The refusal of an empty value: that it is empty says more than which check has noticed it. */
export const refusalOfEmpty: Refusal = { problem: "it is empty", path: [], at: [], wrongType: false }

/** The refusal of a schema that threw: an exception quotes its input as readily as a message does. */
export function refusalByThrowing(kindOfError: string): Refusal {
  return { problem: `its schema threw ${kindOfError}`, path: [], at: [], wrongType: false }
}

/** The sentence for the code of an issue; for one that zod does not have, a general one. */
export function problemOf(code: unknown): string {
  const known = typeof code === "string" && Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code] : undefined
  return known ?? "its schema does not accept it"
}

/** Code and path of whatever an issue is. */
export function factsOf(issue: unknown): { readonly code: unknown; readonly path: readonly unknown[] } {
  const { code, path } = (typeof issue === "object" && issue !== null ? issue : {}) as {
    readonly code?: unknown
    readonly path?: unknown
  }
  return { code, path: Array.isArray(path) ? path : [] }
}

/**
 * The keys of a path up to the first that does not stand in the shape of an object, for others may be data; and the
 * schemas at its end, if that was reached.
 */
function follow(
  schemas: readonly Schema[],
  path: readonly unknown[],
): { readonly keys: readonly string[]; readonly at: readonly Schema[] } {
  const keys: string[] = []
  let here = schemas
  for (const key of path) {
    if (typeof key !== "string") return { keys, at: [] }
    here = here
      .flatMap(schema => shapesAt(schema))
      .map(shape => (Object.hasOwn(shape, key) ? shape[key] : undefined))
      .filter(isSchema)
    if (here.length === 0) return { keys, at: [] }
    keys.push(key)
  }
  return { keys, at: here }
}

/** Wrappers, unions and pipes that are looked through at one place; more means schemas that contain themselves. */
const DEEPEST = 16

/** The shapes of the objects that may stand at the place of a schema: nothing inside arrays and records. */
function shapesAt(schema: Schema, depth = 0): Shape[] {
  if (depth > DEEPEST) return []
  const { shape, innerType, options, in: input, out, left, right } = schema._zod.def as unknown as Container
  if (shape !== undefined) return [shape]
  return [innerType, ...(options ?? []), input, out, left, right]
    .filter(isSchema)
    .flatMap(inner => shapesAt(inner, depth + 1))
}

type Shape = Readonly<Record<string, unknown>>

/** The parts of definitions that hold what stands at the same place. */
interface Container {
  readonly shape?: Shape
  readonly innerType?: unknown
  readonly options?: readonly unknown[]
  readonly in?: unknown
  readonly out?: unknown
  readonly left?: unknown
  readonly right?: unknown
}
