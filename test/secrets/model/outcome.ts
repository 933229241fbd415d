import { isSecretError, type Secret, type SecretErrorCode } from "../../../src/core/index.ts"

const ENDED = "ended with "

/** An outcome that is an error. */
export function ended(code: SecretErrorCode): string {
  return `${ENDED}${code}`
}

/** Whether an outcome is an error. */
export function isEnded(outcome: string): boolean {
  return outcome.startsWith(ENDED)
}

/** What revealing comes to: the value, or with which error it has ended. */
export function outcomeOf(secret: Secret<string>): string {
  try {
    return secret.reveal()
  } catch (thrown) {
    if (!isSecretError(thrown)) throw thrown
    return ended(thrown.code)
  }
}
