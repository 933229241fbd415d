import { type SharedWorkOptions, sharedWork } from "../../src/core/index.ts"
import type { AzureCredential, AzureToken, TokenRequest } from "./client-types.ts"
import { LoginFailure, loginFailureOf } from "./login-failure.ts"
import { renewManagedIdentity } from "./managed-identity.ts"

/** How long before its end a token is renewed, at most, in milliseconds: nobody waits for the new one then. */
const AHEAD = 120_000

/** How long after a renewal the next one is made at the earliest while the token is good, in milliseconds. */
const PAUSE = 10_000

/** Tokens for one vault, out of a credential. */
export interface Login extends AzureCredential {
  getToken(scopes: string | string[], request?: TokenRequest): Promise<AzureToken>
  /**
   * Sees to it that there is a token of the kind that was asked for last, if one was. Calls wait here before they go to the
   * SDK, which would keep them waiting for the first login that it has asked for, whatever becomes of that.
   */
  ready(): Promise<void>
  /** Lets go of a token that the vault has refused: the credential is asked for another one. */
  refused(token: string): void
}

interface Held extends AzureToken {
  readonly wanted: string
  renewAt: number
}

interface Asked {
  readonly scopes: string | string[]
  readonly tenantId: string | undefined
}

/**
 * Keeps one token and renews it, with one request at a time however many calls wait for it.
 *
 * The SDK keeps tokens too. But it holds on to one that is refused before its time until that has come, ends the login of
 * all who wait when the first of them leaves, and a renewal in the background that fails is an unhandled rejection, which
 * ends the process. So every token is given to it as one that has just run out: then it asks here each time.
 *
 * @param credentialOf gives the credential; asked again after one of its tokens was refused.
 * @param options what ends what is under way, and the clock.
 */
export function loginWith(credentialOf: () => AzureCredential, options: SharedWorkOptions = {}): Login {
  let credential: AzureCredential | undefined
  let held: Held | undefined
  let last: Asked | undefined
  let lastRefused: string | undefined
  const shared = sharedWork<Held>(() => new LoginFailure("unreachable"), options)

  async function fetched(scopes: string | string[], request: TokenRequest): Promise<AzureToken | null> {
    credential ??= credentialOf()
    const asked = credential
    const token = await asked.getToken(scopes, request)
    const isRefused = token !== null && token.token === lastRefused
    const isRenewed = isRefused && (await renewManagedIdentity(asked, token, scopes, request))
    return isRenewed ? await asked.getToken(scopes, request) : token
  }

  async function renewed(wanted: string, scopes: string | string[], request: TokenRequest): Promise<Held> {
    return await shared(JSON.stringify([wanted, request.claims]), async abortSignal => {
      try {
        const token = await fetched(scopes, { ...request, abortSignal })
        if (token === null) throw new LoginFailure("refused")
        // A credential may go on giving the token that it has, whatever it says of when to renew it.
        held = { ...token, wanted, renewAt: Math.max(renewalOf(token), Date.now() + PAUSE) }
        return held
      } catch (thrown) {
        throw loginFailureOf(thrown)
      }
    })
  }

  const login: Login = {
    async getToken(scopes, request = {}) {
      last = { scopes, tenantId: request.tenantId }
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
    async ready() {
      if (last === undefined) return
      const { scopes, tenantId } = last
      await login.getToken(scopes, { enableCae: true, ...(tenantId !== undefined && { tenantId }) })
    },
    refused(token) {
      if (held?.token !== token) return
      lastRefused = token
      held = undefined
      credential = undefined
    },
  }
  return login
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
