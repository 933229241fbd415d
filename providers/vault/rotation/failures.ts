import { VaultFailure } from "../failure.ts"

/**
 * Does what comes before a change. Where that is not answered, the change was not made, and nobody has to wonder.
 *
 * @throws VaultFailure that says so
 */
export async function before<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (thrown) {
    throw thrown instanceof VaultFailure ? new VaultFailure({ ...thrown, notSent: true }) : thrown
  }
}

/** Asks what one would like to know and can do without: `undefined` where the server does not let this identity know. */
export async function ifPermitted<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (thrown) {
    if (isRefused(thrown)) return undefined
    throw thrown
  }
}

/** Whether a policy does not let this identity do it: the token lives. */
export function isRefused(thrown: unknown): boolean {
  return (
    thrown instanceof VaultFailure &&
    thrown.stage === "call" &&
    thrown.status === 403 &&
    (thrown.reason === undefined || thrown.reason === "not-permitted")
  )
}

/** Whether the server does not take a request of this form, for no reason that is known here. */
export function isNotTaken(thrown: unknown): boolean {
  return (
    thrown instanceof VaultFailure &&
    thrown.stage === "call" &&
    thrown.status === 400 &&
    thrown.reason === undefined
  )
}

/** Whether a check-and-set found another version. */
export function isMismatch(thrown: unknown): boolean {
  return thrown instanceof VaultFailure && thrown.reason === "cas-mismatch"
}
