import { className } from "../core/index.ts"
import type { Schema } from "./mark.ts"
import { type Refusal, refusalByIssues, threw } from "./refusal.ts"

/** The schema of a secret as `Secrets` is given it, with a memory of why it last refused a value. */
export interface Gate {
  readonly schema: GateSchema
  /** Why the schema last refused a value. */
  readonly refusal: Refusal | undefined
}

/** The part of a Standard Schema (version 1) that `Secrets` uses. */
export interface GateSchema {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Result | Promise<Result>
  }
}

type Result =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

const REFUSED: Result = { issues: [{ message: "the schema does not accept the value" }] }

/**
 * Puts a gate around a schema: nothing that the schema or its functions say gets through, for they can say the value;
 * neither does what they throw.
 */
export function gateOf(inner: Schema): Gate {
  let refusal: Refusal | undefined

  const judge = (result: {
    readonly value?: unknown
    readonly issues?: readonly object[] | undefined
  }): Result => {
    if (result.issues === undefined) return { value: result.value }
    refusal = refusalByIssues(result.issues, [inner])
    return REFUSED
  }
  const refuse = (thrown: unknown): Result => {
    refusal = threw(className(thrown))
    return REFUSED
  }
  const schema: GateSchema = {
    "~standard": {
      version: 1,
      vendor: "latchkey",
      validate(value) {
        try {
          const result = inner["~standard"].validate(value)
          return result instanceof Promise ? result.then(judge, refuse) : judge(result)
        } catch (thrown) {
          return refuse(thrown)
        }
      },
    },
  }
  return {
    schema,
    get refusal() {
      return refusal
    },
  }
}
