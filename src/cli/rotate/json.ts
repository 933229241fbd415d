import { isSecretError, type SecretError } from "../../core/index.ts"
import type { DryRun, RotationOutcome, RotationStatus } from "../../rotation/index.ts"

/** What `--json` prints: one document, whose shape is changed only together with `schema`. Times are ISO 8601, UTC. */
export type Document =
  | {
      readonly schema: 1
      readonly kind: "outcomes"
      readonly exitCode: number
      readonly outcomes: readonly RotationOutcome[]
    }
  | {
      readonly schema: 1
      readonly kind: "status"
      readonly exitCode: number
      readonly rotations: readonly RotationStatus[]
    }
  | { readonly schema: 1; readonly kind: "dry-run"; readonly exitCode: number; readonly dryRun: DryRun }
  | {
      readonly schema: 1
      readonly kind: "error"
      readonly exitCode: number
      readonly error: { readonly message: string; readonly hint?: string; readonly code?: string }
    }

/** The document as text. Errors in it are told by their code, message and hint. */
export function documentText(document: Document): string {
  return JSON.stringify(document, (_, value: unknown) => (isSecretError(value) ? told(value) : value), 2)
}

function told({ code, message, hint, transient }: SecretError): object {
  return { code, message, ...(hint === undefined ? {} : { hint }), transient }
}
