import type { StandardSchema } from "../../../src/secrets/index.ts"

/** How a caller looks at a secret. */
export const VIEWS = ["text", "field", "strict", "slow", "map"] as const
export type ViewKind = (typeof VIEWS)[number]

/** What a new value is like: which of its two fields are new, and who refuses it. */
export const VALUES = ["both", "x", "y", "bad", "unmappable", "plain"] as const
export type ValueKind = (typeof VALUES)[number]

/** Makes values that never repeat by accident, each with the canary in both its fields. */
export class Values {
  readonly #canary: string
  #count = 0
  #x = 0
  #y = 0

  constructor(canary: string) {
    this.#canary = canary
  }

  next(kind: ValueKind): string {
    this.#count += 1
    if (kind === "plain") return `${this.#canary} plain ${this.#count}`
    if (kind !== "y") this.#x = this.#count
    if (kind !== "x") this.#y = this.#count
    const fields = { x: `${this.#canary}x${this.#x}`, y: `${this.#canary}y${this.#y}` }
    return JSON.stringify(kind === "bad" || kind === "unmappable" ? { ...fields, [kind]: true } : fields)
  }
}

/** Whether a view accepts a value. */
export function accepts(view: ViewKind, value: string): boolean {
  switch (view) {
    case "text":
      return true
    case "field":
      return value.startsWith("{")
    case "strict":
    case "slow":
      return !value.includes('"bad"')
    case "map":
      return !value.includes('"unmappable"')
  }
}

/** What a view shows of a value that it accepts. */
export function shownBy(view: ViewKind, value: string): string {
  if (view === "field") return (JSON.parse(value) as { x: string }).x
  return view === "map" ? mapped(value) : value
}

/** The function that is given to `map()`. */
export function mapped(value: string): string {
  if (!accepts("map", value)) throw new Error(`cannot be mapped: ${value}`)
  return `mapped ${value}`
}

/** Refuses some values, at once. */
export const strictSchema: StandardSchema<unknown, string> = {
  "~standard": {
    version: 1,
    vendor: "model",
    validate: value =>
      accepts("strict", String(value)) ? { value: String(value) } : { issues: [{ message: String(value) }] },
  },
}

/** Refuses the same ones, after a while. */
export function slowSchema(turns: number): StandardSchema<unknown, string> {
  return {
    "~standard": {
      version: 1,
      vendor: "model",
      validate: async value => {
        for (let turn = 0; turn < turns; turn++) await undefined
        return accepts("slow", String(value))
          ? { value: String(value) }
          : { issues: [{ message: String(value) }] }
      },
    },
  }
}
