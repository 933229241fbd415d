import type { Field, Plan, PlannedOption } from "./plan.ts"

/** What zod is given in place of the configuration, and what of it was used. */
export interface Input {
  readonly value: unknown
  /** The fields that have a place in it, filled or not: all but those that a discriminator has ruled out. */
  readonly reached: ReadonlySet<Field>
}

/** What a plan puts at its place. */
interface Made {
  readonly value: unknown
  /** Whether a mark in it has a value. */
  readonly filled: boolean
}

type Container = Record<string, unknown>

const NOTHING: Made = { value: undefined, filled: false }

/**
 * Puts values at their places. A required object is made in any case, an optional one only if a mark below it has a
 * value; keys without a value are left out where zod allows it.
 */
export function inputOf(plan: Plan, values: ReadonlyMap<Field, unknown>): Input {
  const reached = new Set<Field>()
  return { value: make(plan).value, reached }

  function make(here: Plan): Made {
    switch (here.kind) {
      case "field": {
        reached.add(here.field)
        const value = values.get(here.field)
        return { value, filled: value !== undefined }
      }
      case "object": {
        const object = emptyContainer()
        let filled = false
        for (const [key, inner] of here.keys) {
          const made = make(inner)
          if (made.value !== undefined || here.explicit.has(key)) object[key] = made.value
          filled ||= made.filled
        }
        return { value: object, filled }
      }
      case "union":
        return here.discriminator === undefined
          ? merged(here.options.map(option => make(option.plan)))
          : discriminated(here.options, here.discriminator)
      case "absentable": {
        const made = make(here.inner)
        return made.filled ? made : NOTHING
      }
      default:
        return NOTHING
    }
  }

  /** Only the option that the discriminator chooses is made: what the others would add is none of its keys. */
  function discriminated(options: readonly PlannedOption[], discriminator: string): Made {
    const field = options
      .map(option => fieldUnder(option.plan, discriminator))
      .find(found => found !== undefined)
    const raw = field === undefined ? undefined : values.get(field)
    const chosen = options.find(option => option.chosenBy?.has(raw))
    if (field !== undefined) reached.add(field)
    const made = chosen === undefined ? { value: emptyContainer(), filled: false } : make(chosen.plan)
    if (raw === undefined || !isContainer(made.value)) return made
    // Also where the chosen option itself has no mark at the discriminator.
    made.value[discriminator] = raw
    return { value: made.value, filled: true }
  }
}

/** Without a prototype, so that no key means anything but itself. */
function emptyContainer(): Container {
  return Object.create(null)
}

/** All options of a union in one: zod finds the one that fits. */
function merged(options: readonly Made[]): Made {
  const filled = options.filter(made => made.filled)
  if (filled.length > 0) return { value: filled.map(made => made.value).reduce(together), filled: true }
  // An option that is content with nothing gets nothing.
  const value = options.every(made => made.value !== undefined) ? options[0]?.value : undefined
  return { value, filled: false }
}

function together(one: unknown, other: unknown): unknown {
  if (!isContainer(one) || !isContainer(other)) return one
  const both = emptyContainer()
  Object.assign(both, one)
  for (const [key, value] of Object.entries(other))
    both[key] = key in both ? together(both[key], value) : value
  return both
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null
}

/** The field at a key of an object, through what is optional and through unions. */
function fieldUnder(plan: Plan, key: string): Field | undefined {
  switch (plan.kind) {
    case "object": {
      const inner = plan.keys.get(key)
      return inner?.kind === "absentable" ? fieldOf(inner.inner) : inner && fieldOf(inner)
    }
    case "absentable":
      return fieldUnder(plan.inner, key)
    case "union":
      return plan.options.map(option => fieldUnder(option.plan, key)).find(found => found !== undefined)
    default:
      return undefined
  }
}

function fieldOf(plan: Plan): Field | undefined {
  return plan.kind === "field" ? plan.field : undefined
}
