import { isSecretError, type SecretError } from "../../../src/core/index.ts"
import type { Bench } from "./cell.ts"

/** More than enough for a connection that was cut to be noticed. */
const MOST = 100

/**
 * Asks, and does not care for the answer, until something holds: the first call on a connection that has just been cut
 * says nothing about the server to which the next one leads.
 */
export async function askUntil({ store }: Bench, holds: (error: SecretError) => boolean): Promise<void> {
  for (let asked = 0; asked < MOST; asked++) {
    const outcome: unknown = await store
      .ping({ signal: new AbortController().signal })
      .catch(thrown => thrown)
    if (isSecretError(outcome) && holds(outcome)) return
  }
  throw new Error("the connection is not made anew")
}
