import { misconfigured } from "../../../core/index.ts"

/** The four steps, by their names in the events of Secrets Manager ("Rotation by Lambda function" in its User Guide). */
export type AwsStep = "createSecret" | "setSecret" | "testSecret" | "finishSecret"

/** What Secrets Manager calls a rotation function with. */
export interface AwsRotationEvent {
  readonly Step: AwsStep
  /** The ARN of the secret. */
  readonly SecretId: string
  /** What the service calls this rotation; it becomes the id of the new version. */
  readonly ClientRequestToken: string
  /** There where the function works for another account, by a role of it. */
  readonly RotationToken?: string
}

/** What a schedule, or a person, calls the same function with. */
export interface OwnEvent {
  /**
   * - `"retire"`: ends old credentials whose grace is over, and clears up behind invocations that were cut off.
   * - `"resume"`: goes on with what is blocked, after a person has looked.
   * - `"abort"`: takes back what was begun and is not promoted; lets go of what is blocked.
   * - `"rollback"`: goes back to the value before, while that is not retired.
   */
  readonly latchkey: "retire" | "resume" | "abort" | "rollback"
  /** The secret, as the plans name it. Needed for all but `"retire"`, which otherwise looks at each. */
  readonly secret?: string
  /** With `"retire"` and one secret: without the grace, because the old credential is known to somebody. */
  readonly compromised?: boolean
}

const STEPS: readonly string[] = ["createSecret", "setSecret", "testSecret", "finishSecret"]
const OWN: readonly string[] = ["retire", "resume", "abort", "rollback"]
const OWN_FIELDS: readonly string[] = ["latchkey", "secret", "compromised"]

/**
 * Reads the event that a function was called with.
 *
 * @throws SecretError `MISCONFIGURED` for one that is none of these. Nothing of it is quoted.
 */
export function readEvent(event: unknown): AwsRotationEvent | OwnEvent {
  const fields = (typeof event === "object" && event !== null ? event : {}) as Readonly<
    Record<string, unknown>
  >
  if ("latchkey" in fields) return ownEvent(fields)
  const { Step, SecretId, ClientRequestToken, RotationToken } = fields
  const isGood =
    typeof Step === "string" &&
    STEPS.includes(Step) &&
    isText(SecretId) &&
    isText(ClientRequestToken) &&
    ClientRequestToken.length >= 32 &&
    ClientRequestToken.length <= 64 &&
    (RotationToken === undefined || RotationToken === null || isText(RotationToken))
  if (!isGood) {
    throw misconfigured(
      "the event is none that a rotation function of Secrets Manager is called with",
      'let the service call this function; a schedule calls it with { "latchkey": "retire" }',
    )
  }
  return {
    Step: Step as AwsStep,
    SecretId,
    ClientRequestToken,
    ...(isText(RotationToken) && { RotationToken }),
  }
}

/** Whether the service itself has called. */
export function isOfTheService(event: AwsRotationEvent | OwnEvent): event is AwsRotationEvent {
  return "Step" in event
}

function ownEvent(fields: Readonly<Record<string, unknown>>): OwnEvent {
  const { latchkey, secret, compromised } = fields
  const unknown = Object.keys(fields).some(field => !OWN_FIELDS.includes(field))
  const isGood =
    !unknown &&
    typeof latchkey === "string" &&
    OWN.includes(latchkey) &&
    (secret === undefined || isText(secret)) &&
    (compromised === undefined || typeof compromised === "boolean")
  if (!isGood) {
    throw misconfigured(
      "the event asks for something that this function does not do",
      'write { "latchkey": "retire" }, or "resume", "abort" or "rollback" with a "secret"',
    )
  }
  const isWhole = latchkey === "retire" && compromised !== true
  if (!isWhole && secret === undefined) {
    throw misconfigured(
      "the event does not say which secret it is about",
      'add "secret": its name, as the plans have it',
    )
  }
  if (compromised === true && latchkey !== "retire") {
    throw misconfigured(
      '"compromised" goes with "retire" only',
      'write { "latchkey": "retire", "compromised": true }',
    )
  }
  return {
    latchkey: latchkey as OwnEvent["latchkey"],
    ...(secret !== undefined && { secret: secret as string }),
    ...(compromised === true && { compromised }),
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== ""
}
