import type { AzureCredential, AzureToken, TokenRequest } from "./client-types.ts"
import { LoginFailure, loginFailureOf } from "./login-failure.ts"

/** How long before its end a token is renewed, at most, in milliseconds: nobody waits for the new one then. */
const AHEAD = 120_000

/** How long after a renewal that failed the next one is tried while the old token is good, in milliseconds. */
const PAUSE = 10_000

/** Tokens for one vault, out of a credential. */
export interface Login extends AzureCredential {
  getToken(scopes: string | string[], request?: TokenRequest): Promise<AzureToken>
  /** Lets go of a token that the vault has refused: the credential is asked for another one. */
  refused(token: string): void
}

interface Held extends AzureToken {
  readonly wanted: string
  renewAt: number
}

/**
 * Keeps one token and renews it, with one request at a time however many calls wait for it.
 *
 * The SDK keeps tokens too. But it holds on to one that is refused before its time until that has come, ends the login of
 * all who wait when the first of them leaves, and a renewal in the background that fails is an unhandled rejection, which
 * ends the process. So every token is given to it as one that has just run out: then it asks here each time.
 *
 * @param credentialOf gives the credential; asked again after one of its tokens was refused.
 * @param closing ends what is under way.
 */
export function loginWith(credentialOf: () => AzureCredential, closing: AbortSignal): Login {
  let credential: AzureCredential | undefined
  let held: Held | undefined
  const renewals = new Map<string, Promise<Held>>()

  async function fetched(wanted: string, scopes: string | string[], request: TokenRequest): Promise<Held> {
    try {
      credential ??= credentialOf()
      const token = await credential.getToken(scopes, { ...request, abortSignal: closing })
      if (token === null) throw new LoginFailure("refused")
      held = { ...token, wanted, renewAt: renewalOf(token) }
      return held
    } catch (thrown) {
      throw loginFailureOf(thrown)
    }
  }

  function renewed(wanted: string, scopes: string | string[], request: TokenRequest): Promise<Held> {
    const key = JSON.stringify([wanted, request.claims])
    const renewal = renewals.get(key) ?? fetched(wanted, scopes, request).finally(() => renewals.delete(key))
    renewals.set(key, renewal)
    return renewal
  }

  return {
    async getToken(scopes, request = {}) {
      const wanted = JSON.stringify([scopes, request.tenantId])
      const good = held?.wanted === wanted && held.expiresOnTimestamp > Date.now() ? held : undefined
      // Claims are asked for because the token that is held does not have them.
      if (good === undefined || request.claims !== undefined)
        return spent(await renewed(wanted, scopes, request))
      if (good.renewAt <= Date.now())
        renewed(wanted, scopes, request).catch(() => {
          good.renewAt = Date.now() + PAUSE
        })
      return spent(good)
    },
    refused(token) {
      if (held?.token !== token) return
      held = undefined
      credential = undefined
    },
  }
}

function spent({ token }: AzureToken): AzureToken {
  return { token, expiresOnTimestamp: 0 }
}

function renewalOf({ expiresOnTimestamp, refreshAfterTimestamp }: AzureToken): number {
  const lifetime = expiresOnTimestamp - Date.now()
  return Math.min(
    refreshAfterTimestamp ?? Number.POSITIVE_INFINITY,
    expiresOnTimestamp - Math.min(AHEAD, lifetime / 10),
  )
}
