import { SecretError } from "../../../src/core/index.ts"
import { VaultFailure } from "../failure.ts"
import { fieldsOf, numberOf } from "../json.ts"
import { type Credential, credentialOf } from "./credential.ts"
import type { Grant, Login, LoginCall } from "./login.ts"

/** A token that somebody else got: by hand, from an agent, from the environment. */
export interface TokenAuth {
  readonly method: "token"
  readonly token: Credential
  /**
   * Whether to prolong it, as long as it can be. Costs one more request at the first call, for the time that it has left.
   * Default: false, because whoever made the token may see to that.
   */
  readonly renew?: boolean | undefined
  /** The variable of the environment that it was read from, for messages: `"VAULT_TOKEN"`. Default: none. */
  readonly variable?: string | undefined
}

/** Logs in with a token as it is; a server that no longer knows it is told about no other one. */
export function tokenLogin({ token, renew = false, variable }: TokenAuth): Login {
  return {
    issues: false,
    counted: false,
    async attempt() {
      const text = await credentialOf("token", token)
      return {
        credential: text,
        async logIn(call) {
          if (text === call.replacing)
            throw spent(
              placeOf(token, variable),
              "make a new one, or let it read auth/token/lookup-self, which tells a dead token from one that may not do this",
            )
          return await givenGrant(text, call, renew)
        },
      }
    },
  }
}

/** Where a token comes from. */
function placeOf(token: Credential, variable: string | undefined): string {
  if (variable !== undefined) return `in ${variable}`
  if (typeof token === "string") return "in auth.token"
  return typeof token === "function" ? "that the function in auth.token gives" : "in the file of auth.token"
}

/**
 * The token is dead, and there is no other one.
 *
 * @param place where it comes from, as a message goes on after its name: `"in VAULT_TOKEN"`
 */
export function spent(place: string, hint: string): SecretError {
  return new SecretError("UNAUTHENTICATED", {
    message: `the server does not accept the token ${place}`,
    hint,
  })
}

/**
 * A token as it was given. The server is asked for the time that it has left if it is to be prolonged, or if something
 * depends on when it ends; then it may refuse to say, and nothing is known of it.
 */
export async function givenGrant(token: string, call: LoginCall, renew: boolean): Promise<Grant> {
  const unknown = { token, lease: 0, renewable: false }
  if (!(renew || call.endMatters)) return unknown
  const { client, namespace, signal } = call
  try {
    const path = "auth/token/lookup-self"
    const answer = await client.ask({ method: "GET", path, token, namespace, stage: "login", signal })
    const data = fieldsOf(answer.json.data)
    return { token, lease: 1_000 * (numberOf(data?.ttl) ?? 0), renewable: renew && data?.renewable === true }
  } catch (thrown) {
    if (!renew && isRefusal(thrown)) return unknown
    throw thrown
  }
}

function isRefusal(thrown: unknown): boolean {
  const status = (thrown instanceof VaultFailure && thrown.status) || 0
  return status >= 400 && status < 500 && status !== 429
}
