import { Explorer } from "../model/explore.ts"
import { SETTINGS } from "../model/settings.ts"
import type { Column } from "./columns.ts"
import type { PlanName } from "./plans.ts"

const KINDS: Readonly<Record<Exclude<PlanName, "unlabelled">, string>> = {
  generated: "a generated credential",
  minted: "a minted credential",
}

const STORES: Readonly<Record<Column["promotes"], string>> = {
  "by a condition": "",
  "without a condition": ", promoted without a condition",
  "with its journal": ", promoted with its journal",
}

/** What happens in the model, too: one program after another, of which one dies, and time that passes. */
const BUDGET = { crashes: 1, lost: 0, jumps: 3, edits: 0, claims: 1 }

/** And one that is given up, and comes to the end of its request when others have come to theirs. */
const LATE = { crashes: 0, lost: 0, jumps: 2, edits: 0, claims: 1, late: 1 }

/** The steps of the journal, from state to state, that the explorer of the protocol knows for a plan on a store. */
export function knownTransitions(
  plan: keyof typeof KINDS,
  promotes: Column["promotes"],
): ReadonlySet<string> {
  const labelled = plan === "minted" && promotes === "by a condition" ? " with a label and an id" : ""
  const name = `${KINDS[plan]}${labelled}${STORES[promotes]}`
  const setting = SETTINGS.find(one => one.name === name)
  if (setting === undefined) throw new TypeError(`the model has no setting for ${name}`)
  const explored = [BUDGET, LATE].map(budget => new Explorer(setting).explore(budget, { replicas: 1 }))
  if (!explored.every(({ complete }) => complete)) throw new Error("the model was not explored to its end")
  return new Set(explored.flatMap(({ transitions }) => [...transitions]))
}
