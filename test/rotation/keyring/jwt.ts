import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose"
import type { Keyring, KeyringKey } from "../../../src/rotation/keyring/index.ts"

/** A token that is good for so long, signed with the key that is current now. */
export async function sign(keys: Keyring, claims: JWTPayload, lifetime: string): Promise<string> {
  const key = keys.current()
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: key.id })
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(bytesOf(key))
}

/** The claims of a token, if it was signed with a key that is good for checking. */
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

function bytesOf(key: KeyringKey): Uint8Array {
  return Buffer.from(key.reveal(), "base64url")
}
