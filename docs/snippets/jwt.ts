import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose"
import type { Keyring, KeyringKey } from "latchkey/rotation"

// #region sign
/** A token that is good for `lifetime`, such as "8h", signed with the key that is the current one now. */
export async function sign(keys: Keyring, claims: JWTPayload, lifetime: string): Promise<string> {
  const key = keys.current()
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: key.id })
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(bytesOf(key))
}
// #endregion
// #region verify
/** The claims of a token that was signed with a key that is still good for checking. */
export async function verify(keys: Keyring, token: string): Promise<JWTPayload> {
  const { payload } = await jwtVerify(
    token,
    async ({ kid = "" }) => {
      const key = await keys.find(kid)
      if (key === undefined) throw new errors.JWKSNoMatchingKey()
      return bytesOf(key)
    },
    { algorithms: ["HS256"], clockTolerance: "1 minute" },
  )
  return payload
}

const bytesOf = (key: KeyringKey): Uint8Array => Buffer.from(key.reveal(), "base64url")
// #endregion
