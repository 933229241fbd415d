import { SecretError } from "../../../src/core/index.ts"
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
}

/** Logs in with a token as it is; a server that no longer knows it is told about no other one. */
export function tokenLogin({ token, renew = false }: TokenAuth): Login {
  return {
    issues: false,
    async logIn(call) {
      const text = await credentialOf("token", token)
      if (text === call.replacing)
        throw spent(
          "make a new one, or let it read auth/token/lookup-self, which tells a dead token from one that may not do this",
        )
      return renew ? await leaseOf(text, call) : { token: text, lease: 0, renewable: false }
    },
  }
}

/** The token is dead, and there is no other one. */
export function spent(hint: string): SecretError {
  return new SecretError("UNAUTHENTICATED", { message: "the server does not accept the token", hint })
}

async function leaseOf(token: string, { client, namespace, signal }: LoginCall): Promise<Grant> {
  const answer = await client.ask({
    method: "GET",
    path: "auth/token/lookup-self",
    token,
    namespace,
    stage: "login",
    signal,
  })
  const data = fieldsOf(answer.json.data)
  return { token, lease: 1_000 * (numberOf(data?.ttl) ?? 0), renewable: data?.renewable === true }
}
