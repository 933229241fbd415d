import type { StandardResult, StandardSchema } from "../secrets/index.ts"
import type { Schema } from "./mark.ts"
import { type Refusal, refusalByIssues, refusalByThrowing, refusalOfEmpty } from "./refusal.ts"
import { run } from "./run-schema.ts"

/** The schema of a secret as `Secrets` is given it, with a memory of why it last refused a value. */
export interface Gate {
  readonly schema: StandardSchema
  /** Why the schema last refused a value. */
  readonly refusal: Refusal | undefined
}

/**
 * Puts a gate around a schema: nothing that the schema or its functions say gets through, for they can say the value;
 * neither does what they throw.
 */
export function gateOf(inner: Schema): Gate {
  let refusal: Refusal | undefined

  async function validate(value: unknown): Promise<StandardResult<unknown>> {
    const outcome = await run(inner, value)
    if ("output" in outcome) return { value: outcome.output }
    refusal = "threw" in outcome ? refusalByThrowing(outcome.threw) : refusalOfValue(value, outcome.issues)
    return { issues: [{ message: "the schema does not accept the value" }] }
  }

  function refusalOfValue(value: unknown, issues: readonly unknown[]): Refusal {
    return isEmpty(value) ? refusalOfEmpty : refusalByIssues(issues, [inner])
  }

  return {
    schema: { "~standard": { version: 1, vendor: "latchkey", validate } },
    get refusal() {
      return refusal
    },
  }
}

function isEmpty(value: unknown): boolean {
  return value === "" || (value instanceof Uint8Array && value.length === 0)
}
