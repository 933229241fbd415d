import type { Field, Path, Plan } from "./plan.ts"

/** Where the path of an issue leads: the deepest place that the plan knows, and what of the path lies below it. */
export interface Location {
  readonly plan: Exclude<Plan, { kind: "absentable" }>
  readonly rest: readonly unknown[]
}

/** Follows a path from a plan on, as far as its keys stand in the shapes of objects. */
export function locate(plan: Plan, path: readonly unknown[]): Location {
  switch (plan.kind) {
    case "absentable":
      return locate(plan.inner, path)
    case "object": {
      const [key, ...rest] = path
      const inner = typeof key === "string" ? plan.keys.get(key) : undefined
      return inner === undefined ? { plan, rest: path } : locate(inner, rest)
    }
    case "union": {
      if (path.length === 0) return { plan, rest: path }
      const located = plan.options.map(option => locate(option.plan, path))
      const [deepest] = located.sort((one, other) => one.rest.length - other.rest.length)
      return located.find(location => location.plan.kind === "field") ?? deepest ?? { plan, rest: path }
    }
    default:
      return { plan, rest: path }
  }
}

/** The path of a place. */
export function placeOf(plan: Location["plan"]): Path {
  return plan.kind === "field" ? plan.field.path : plan.path
}

/** The fields of a plan that must have a value for it to hold, as far as nothing above them is optional. */
export function neededFields(plan: Plan): Field[] {
  switch (plan.kind) {
    case "field":
      return [plan.field]
    case "object":
      return [...plan.keys.values()].flatMap(neededFields)
    default:
      return []
  }
}

/** All fields of a plan. */
export function fieldsOf(plan: Plan): Field[] {
  switch (plan.kind) {
    case "field":
      return [plan.field]
    case "object":
      return [...plan.keys.values()].flatMap(fieldsOf)
    case "union":
      return plan.options.flatMap(option => fieldsOf(option.plan))
    case "absentable":
      return fieldsOf(plan.inner)
    default:
      return []
  }
}
