import { randomBytes } from "node:crypto"
import type { ServerClock } from "./clock.ts"

/** How long a token lives unless it is said otherwise, in milliseconds: what the login service gives out. */
export const LIFETIME = 86_399_000

/** What a token is worth at this moment. */
export type Standing =
  | { readonly is: "valid"; readonly identity: string }
  | { readonly is: "unknown" }
  | { readonly is: "expired" }
  /** Withdrawn before its time; the service says so with a challenge that asks for new claims. */
  | { readonly is: "withdrawn" }

/** The tokens of a stand-in. */
export interface Tokens {
  /** Gives out a token for an identity. `lifetime` is in milliseconds. */
  issue(identity: string, lifetime?: number): string
  standing(token: string): Standing
  /** Ends all tokens that were given out, or those of one identity. Later ones are good again. */
  expire(identity?: string): void
  /** Like {@link expire}, but told in the way of continuous access evaluation. */
  withdraw(identity?: string): void
}

/** Makes an issuer of tokens that runs by this clock. */
export function tokens(clock: ServerClock): Tokens {
  const issued = new Map<string, { readonly identity: string; expiresAt: number; withdrawn: boolean }>()
  const of = (identity: string | undefined) =>
    [...issued.values()].filter(token => identity === undefined || token.identity === identity)
  return {
    issue(identity, lifetime = LIFETIME) {
      const token = `stand-in.${randomBytes(24).toString("base64url")}`
      issued.set(token, { identity, expiresAt: clock.now() + lifetime, withdrawn: false })
      return token
    },
    standing(token) {
      const known = issued.get(token)
      if (known === undefined) return { is: "unknown" }
      if (known.withdrawn) return { is: "withdrawn" }
      return known.expiresAt > clock.now() ? { is: "valid", identity: known.identity } : { is: "expired" }
    },
    expire(identity) {
      for (const token of of(identity)) token.expiresAt = Number.NEGATIVE_INFINITY
    },
    withdraw(identity) {
      for (const token of of(identity)) token.withdrawn = true
    },
  }
}

/** A credential like those of `@azure/identity`, which logs in nowhere. */
export interface FakeCredential {
  getToken(
    scopes: string | string[],
    options?: { readonly claims?: string; readonly tenantId?: string; readonly abortSignal?: unknown },
  ): Promise<{ token: string; expiresOnTimestamp: number }>
  /** How often it was asked for a token. */
  readonly calls: number
  /** What it was asked for, oldest first. */
  readonly asked: readonly { readonly scopes: readonly string[]; readonly claims: string | undefined }[]
  /** From now on it fails with what this makes, until it is called with nothing. */
  failWith(make?: () => unknown): void
}

/**
 * Makes a credential for an identity.
 *
 * @param lifetime how long its tokens live, in milliseconds, also in what it tells the client.
 */
export function fakeCredential(
  issuer: Tokens,
  identity: string,
  lifetime: number = LIFETIME,
): FakeCredential {
  const asked: { scopes: readonly string[]; claims: string | undefined }[] = []
  let failure: (() => unknown) | undefined
  return {
    asked,
    get calls() {
      return asked.length
    },
    failWith(make) {
      failure = make
    },
    async getToken(scopes, options = {}) {
      asked.push({ scopes: [scopes].flat(), claims: options.claims })
      if (failure !== undefined) throw failure()
      // The client compares this with its own clock, not with the server's.
      return { token: issuer.issue(identity, lifetime), expiresOnTimestamp: Date.now() + lifetime }
    },
  }
}
