import { isSecretError, type SecretError } from "../../core/index.ts"
import type { DryRun, RotationEvent, RotationOutcome, RotationStatus } from "../../rotation/index.ts"
import type { ExitCode } from "../exit-codes.ts"

/** What kinds of documents there are, and what each says beside its exit code. */
interface Contents {
  readonly outcomes: { readonly outcomes: readonly RotationOutcome[] }
  readonly status: { readonly rotations: readonly RotationStatus[] }
  readonly "dry-run": { readonly dryRun: DryRun }
  readonly error: { readonly error: ErrorInJson }
}

/** What `--json` tells of an error. Holds no value. */
export interface ErrorInJson {
  readonly message: string
  readonly hint?: string
  /** Absent for a command line that is wrong. */
  readonly code?: SecretError["code"]
  readonly secret?: string
  readonly store?: string
  readonly transient?: boolean
  /** Each of several things that are wrong at once. */
  readonly problems?: readonly ErrorInJson[]
}

/** What `--json` prints: one document, whose shape is changed only together with `schema`. Times are ISO 8601, UTC. */
export type Document = {
  [Kind in keyof Contents]: { readonly kind: Kind; readonly exitCode: ExitCode } & Contents[Kind]
}[keyof Contents]

/** The document as text. */
export function documentText(document: Document): string {
  return JSON.stringify({ schema: 1, ...document }, withErrors, 2)
}

/** An event as text, in one line. */
export function eventText(event: RotationEvent): string {
  return JSON.stringify({ schema: 1, kind: "event", event }, withErrors)
}

/** What may be told of an error of the library. */
export function errorInJson(error: SecretError): ErrorInJson {
  const { code, plainMessage, hint, secret, store, transient, problems } = error
  return {
    code,
    message: plainMessage,
    ...(hint === undefined ? {} : { hint }),
    ...(secret === undefined ? {} : { secret }),
    ...(store === undefined ? {} : { store }),
    transient,
    ...(problems === undefined || problems.length === 0 ? {} : { problems: problems.map(errorInJson) }),
  }
}

function withErrors(_key: string, value: unknown): unknown {
  return isSecretError(value) ? errorInJson(value) : value
}
