import type { SecretError } from "../core/index.ts"
import { fieldsOf, locate, neededFields, placeOf } from "./locate.ts"
import { type Field, type Flaw, type Path, type Plan, type Planned, pathKey } from "./plan.ts"
import type { Reading } from "./read.ts"
import { factsOf, problemOf, type Refusal, refusalByIssues, refusalByThrowing, refusalOf } from "./refusal.ts"
import { anyAcceptsNothing, run } from "./run-schema.ts"

/** What turned out about one place of a configuration. */
export type Finding =
  | { readonly kind: "flaw"; readonly flaw: Flaw }
  | { readonly kind: "missing"; readonly field: Field }
  /** The store has it or may have it, but gave something else than a value that is accepted. */
  | { readonly kind: "failed"; readonly field: Field; readonly error: SecretError }
  | { readonly kind: "refused"; readonly field: Field; readonly refusal: Refusal }
  /** A check of something larger than a field. */
  | { readonly kind: "unmet"; readonly path: Path; readonly problem: string }
  /** A union of which no option has anything: one of these sets of fields is missing. */
  | { readonly kind: "alternatives"; readonly path: Path; readonly options: readonly (readonly Field[])[] }

/** Findings, one per place: the first one says it. */
export class Findings {
  readonly #planned: Planned
  readonly #reading: Reading
  readonly #reached: ReadonlySet<Field>
  readonly #found = new Map<string, Finding>()

  constructor(planned: Planned, reading: Reading, reached: ReadonlySet<Field>) {
    this.#planned = planned
    this.#reading = reading
    this.#reached = reached
  }

  /** Takes in something that is wrong with the schema. */
  flaw(flaw: Flaw): void {
    this.#add(flaw.path, { kind: "flaw", flaw })
  }

  /** Takes in what the store has failed with. */
  failures(): void {
    for (const [field, error] of this.#reading.failures) {
      if (this.#reached.has(field)) this.#add(field.path, { kind: "failed", field, error })
    }
  }

  /** The schema's own flaws first, then fields in the order of the schema, then the rest. */
  all(): Finding[] {
    const order = new Map(this.#planned.fields.map((field, index) => [pathKey(field.path), index]))
    const rank = ([place, finding]: [string, Finding]) =>
      finding.kind === "flaw" ? -1 : (order.get(place) ?? Number.POSITIVE_INFINITY)
    // Infinity minus itself is no number: what ranks equal keeps its order.
    return [...this.#found].sort((one, other) => rank(one) - rank(other) || 0).map(([, finding]) => finding)
  }

  /** Takes in what zod says. Only codes and known keys of its issues are looked at. */
  issues(issues: readonly unknown[], plan: Plan = this.#planned.plan): void {
    for (const issue of issues) this.#issue(issue, plan)
  }

  /**
   * Asks each field alone, because a schema that throws ends the run with whatever that had found so far.
   *
   * @param kindOfError what the run has ended with.
   */
  async each(kindOfError: string): Promise<void> {
    for (const field of this.#reached) {
      const { values } = this.#reading
      if (!values.has(field)) {
        if (field.required && !(await anyAcceptsNothing(field))) this.#missing(field)
      } else if (field.mark.kind === "setting") {
        const refusal = await refusalAlone(field, values.get(field))
        if (refusal !== undefined) this.#refused(field, refusal)
      }
    }
    if (this.#found.size === 0) this.#unmet([], `a check or a transform of it threw ${kindOfError}`)
  }

  #missing(field: Field): void {
    this.#add(field.path, { kind: "missing", field })
  }

  #refused(field: Field, refusal: Refusal): void {
    this.#add(field.path, { kind: "refused", field, refusal })
  }

  #unmet(path: Path, problem: string): void {
    this.#add(path, { kind: "unmet", path, problem })
  }

  #add(path: Path, finding: Finding): void {
    const place = pathKey(path)
    if (!this.#found.has(place)) this.#found.set(place, finding)
  }

  #issue(issue: unknown, plan: Plan): void {
    const { code, path } = factsOf(issue)
    const { plan: at, rest } = locate(plan, path)
    // What is wrong with such a place has been said, as a flaw of the schema.
    if (at.kind === "refused") return
    if (at.kind === "union") this.#union(at, issue, code)
    else if (at.kind !== "field") this.#unmet(placeOf(at), problemOf(code))
    else if (this.#reading.values.has(at.field))
      this.#refused(at.field, refusalOf(code, rest, at.field.schemas))
    else this.#missing(at.field)
  }

  /** No option fits: speaks of the one that somebody has begun to fill, else of all. */
  #union(union: Extract<Plan, { kind: "union" }>, issue: unknown, code: unknown): void {
    const errors = (issue as { readonly errors?: unknown }).errors
    if (code !== "invalid_union" || !Array.isArray(errors) || errors.length !== union.options.length) {
      this.#unmet(union.path, problemOf(code))
      return
    }
    const begun = union.options
      .map(({ plan }, index) => ({ plan, issues: listOf(errors[index]) }))
      .filter(({ plan }) => fieldsOf(plan).some(field => this.#reading.values.has(field)))
    const [nearest] = begun.sort((one, other) => one.issues.length - other.issues.length)
    if (nearest !== undefined) {
      this.issues(nearest.issues, nearest.plan)
      return
    }
    const options = union.options.map(({ plan }) => neededFields(plan))
    this.#add(union.path, { kind: "alternatives", path: union.path, options })
  }
}

/** Why a field's value is refused where nothing else is looked at; `undefined` if it is not. */
async function refusalAlone({ schemas }: Field, value: unknown): Promise<Refusal | undefined> {
  const outcomes = await Promise.all(schemas.map(schema => run(schema, value)))
  const [first] = outcomes
  if (first === undefined || "output" in first || outcomes.some(outcome => "output" in outcome))
    return undefined
  return "threw" in first ? refusalByThrowing(first.threw) : refusalByIssues(first.issues, schemas)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
