import { isSecretError } from "../../src/core/index.ts"

/** Which call of a write failed, in the words of the table of errors: all but the one that adds the version. */
export type Step = "get" | "create" | "versions" | "alias"

/** That a call failed which is not the one that adds the version, so that it is certain what became of that. */
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
