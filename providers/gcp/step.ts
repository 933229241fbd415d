import { isSecretError } from "../../src/core/index.ts"

/**
 * Which call of a write or of a rotation failed, in the words of the table of errors: all but the one that makes the
 * change, a version that is added for example.
 */
export type Step = "get" | "create" | "versions" | "alias" | "look" | "note" | "copy" | "access"

/** That a call failed which is not the one that makes the change, so that it is certain what became of that. */
export class FailedStep extends Error {
  override readonly name = "FailedStep"
  readonly step: Step
  readonly thrown: unknown
  /** The version that was added before; `undefined` if none was, nor ever will be. */
  readonly version: string | undefined

  constructor(step: Step, thrown: unknown, version: string | undefined) {
    super("a step of the write failed")
    this.step = step
    this.thrown = thrown
    this.version = version
  }
}

/**
 * Runs one such call.
 *
 * @throws FailedStep; SecretError `ABORTED`, `CLOSED` as they are
 */
export async function asStep<T>(step: Step, call: Promise<T>, version?: string): Promise<T> {
  try {
    return await call
  } catch (thrown) {
    if (isSecretError(thrown) && (thrown.code === "ABORTED" || thrown.code === "CLOSED")) throw thrown
    throw new FailedStep(step, thrown, version)
  }
}
