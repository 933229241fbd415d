import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from "node:crypto"
import { type JSONWebKeySet, type JWTPayload, SignJWT } from "jose"
import { type Keyring, type KeyringKey, keyringKey } from "latchkey/rotation"

// #region plan
/** Ten minutes are what others may keep the key set for, see the header below; that counts as a ttl, too. */
export const plan = keyringKey({
  consumers: { ttl: "10m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" },
  make: () => String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })),
})
// #endregion
// #region sign
export async function sign(keys: Keyring, claims: JWTPayload, lifetime: string): Promise<string> {
  const key = keys.current()
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", kid: key.id })
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(createPrivateKey(key.reveal()))
}
// #endregion
// #region jwks
/** What /.well-known/jwks.json answers, with `cache-control: max-age=600`. */
export function keySet(keys: Keyring): JSONWebKeySet {
  return { keys: keys.keys().map(key => ({ ...publicKey(key), kid: key.id, use: "sig", alg: "EdDSA" })) }
}

const made = new WeakMap<KeyringKey, JsonWebKey>()

function publicKey(key: KeyringKey): JsonWebKey & { kty: string } {
  const jwk = made.get(key) ?? createPublicKey(key.reveal()).export({ format: "jwk" })
  made.set(key, jwk)
  return jwk as JsonWebKey & { kty: string }
}
// #endregion
