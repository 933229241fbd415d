import type { Mark, Schema } from "./mark.ts"

/** Keys from the root of the configuration; all of them stand in the shape of an object. */
export type Path = readonly string[]

/** A place in the configuration that a mark fills. */
export interface Field {
  readonly path: Path
  readonly mark: Mark
  /** The marked schema with the checks that were added later; several where options of a union share the place. */
  readonly schemas: Schema[]
  /** Whether nothing above it, be it a union or an optional object, lets it be left out. */
  required: boolean
}

/** What a schema is to the loader: where its marks are, and what has to be made around them. */
export type Plan =
  | { readonly kind: "field"; readonly field: Field }
  | {
      readonly kind: "object"
      readonly path: Path
      readonly keys: ReadonlyMap<string, Plan>
      /** The keys that zod wants to see even where they have no value. */
      readonly explicit: ReadonlySet<string>
    }
  | {
      readonly kind: "union"
      readonly path: Path
      readonly options: readonly PlannedOption[]
      readonly discriminator: string | undefined
    }
  /** An optional object or one with a default: it is made only when a mark below it has a value. */
  | { readonly kind: "absentable"; readonly inner: Plan }
  /** A schema without a mark: it is given nothing, and has to be content with that. */
  | { readonly kind: "leaf"; readonly path: Path; readonly schema: Schema }
  /** A place that cannot be filled; the flaw has been noted. */
  | { readonly kind: "refused"; readonly path: Path }

/** One option of a union. */
export interface PlannedOption {
  readonly plan: Plan
  /** The raw values of the discriminator that choose it. */
  readonly chosenBy: ReadonlySet<unknown> | undefined
}

/** Something in the schema itself that can never work. */
export interface Flaw {
  readonly path: Path
  readonly problem: string
  readonly hint: string
  /** What the schema there is, where that helps. */
  readonly schema?: Schema
}

/** A whole configuration, planned. */
export interface Planned {
  readonly plan: Plan
  /** In the order of the schema. */
  readonly fields: readonly Field[]
  readonly flaws: readonly Flaw[]
}

/** A path as one string, for maps. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}

/** A path as it stands in code: `tally.apiToken`, `headers["x-id"]`. */
export function pathText(path: Path): string {
  return path.reduce((text, key) => {
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`
    return text === "" ? key : `${text}.${key}`
  }, "")
}
