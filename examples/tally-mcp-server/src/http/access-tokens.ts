import { errors, jwtVerify, SignJWT } from "jose"
import type { Keyring, KeyringKey } from "latchkey/rotation"

/** Who issues the tokens, and whom they are for: this server alone. */
export const ISSUER = "tally-mcp-server"

/** Whose token it is, or why it is refused. */
export type Checked =
  | { readonly client: string }
  /** `expired`: it was good, and the client gets another one. `invalid`: it is none of ours, or its key has ended. */
  | { readonly refused: "expired" | "invalid" }

export interface AccessTokenOptions {
  readonly lifetimeSeconds: number
  readonly clockSkewSeconds: number
}

/**
 * The tokens that clients call this server with. Every replica issues them, and accepts those of all others: what they
 * share is the keyring, and nothing else.
 */
export class AccessTokens {
  readonly lifetimeSeconds: number
  readonly #keys: Keyring
  readonly #clockSkewSeconds: number

  constructor(keys: Keyring, { lifetimeSeconds, clockSkewSeconds }: AccessTokenOptions) {
    this.#keys = keys
    this.lifetimeSeconds = lifetimeSeconds
    this.#clockSkewSeconds = clockSkewSeconds
  }

  /** Signs a token for a client, with the key that is the current one now. */
  async issue(client: string): Promise<string> {
    const key = this.#keys.current()
    return await new SignJWT({})
      .setProtectedHeader({ alg: "HS256", kid: key.id })
      .setSubject(client)
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setIssuedAt()
      .setExpirationTime(`${this.lifetimeSeconds} s`)
      .sign(bytesOf(key))
  }

  /**
   * Checks a token.
   *
   * @throws SecretError `STALE` where the keys have not been read for too long to be trusted.
   */
  async check(token: string): Promise<Checked> {
    try {
      const { payload } = await jwtVerify(token, async ({ kid = "" }) => await this.#keyOf(kid), {
        algorithms: ["HS256"],
        issuer: ISSUER,
        audience: ISSUER,
        requiredClaims: ["sub", "exp"],
        clockTolerance: this.#clockSkewSeconds,
      })
      return { client: payload.sub ?? "" }
    } catch (thrown) {
      // Told only of a token whose signature is right.
      if (thrown instanceof errors.JWTExpired) return { refused: "expired" }
      if (thrown instanceof errors.JOSEError) return { refused: "invalid" }
      throw thrown
    }
  }

  async #keyOf(id: string): Promise<Uint8Array> {
    const key = await this.#keys.find(id)
    if (key === undefined) throw new errors.JWKSNoMatchingKey()
    return bytesOf(key)
  }
}

function bytesOf(key: KeyringKey): Uint8Array {
  return Buffer.from(key.reveal(), "base64url")
}
