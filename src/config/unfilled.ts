import { type Flaw, type Plan, type Planned, pathKey } from "./plan.ts"
import { acceptsNothing } from "./run-schema.ts"

/** The fields that have no mark, and are not content with nothing: no source will ever fill them. */
export async function unfilled({ plan, fields }: Planned): Promise<Flaw[]> {
  const leaves = leavesOf(plan)
  if (leaves.length === 0) return []
  const filled = new Set(fields.map(field => pathKey(field.path)))
  const flaws: Flaw[] = []
  for (const { path, schema } of leaves) {
    // Another option of a union may fill the place, as its discriminator does.
    if (filled.has(pathKey(path)) || (await acceptsNothing(schema))) continue
    flaws.push({
      path,
      problem: "nothing fills this field",
      hint: "mark it with setting(…) or secret(…), or give it a default",
      schema,
    })
  }
  return flaws
}

function leavesOf(plan: Plan): Extract<Plan, { kind: "leaf" }>[] {
  switch (plan.kind) {
    case "leaf":
      return [plan]
    case "object":
      return [...plan.keys.values()].flatMap(leavesOf)
    case "union":
      return plan.options.flatMap(option => leavesOf(option.plan))
    case "absentable":
      return leavesOf(plan.inner)
    case "field":
    case "refused":
      return []
  }
}
