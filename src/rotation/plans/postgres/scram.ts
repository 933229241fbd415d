import { SecretError } from "../../../core/index.ts"

/** PostgreSQL's own default (`scram_iterations`). More would harden weak passwords; these have 256 random bits. */
const ITERATIONS = 4_096
const HASH = "sha256"
const HASH_BYTES = 32
const SALT_BYTES = 16

/**
 * What PostgreSQL keeps of a password for SCRAM-SHA-256, made here, so that neither the connection nor the server's log
 * nor its statistics ever see the password (RFC 5802, 3; RFC 7677; PostgreSQL, "pg_authid": `rolpassword`). Nobody logs
 * in with it.
 *
 * @param password printable ASCII, for which the preparation by SASLprep (RFC 4013) changes nothing.
 * @param salt Default: 16 random bytes.
 * @throws SecretError `INVALID_VALUE` for another password.
 */
export async function scramVerifier(password: string, salt?: Uint8Array): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new SecretError("INVALID_VALUE", {
      message: "the new password has characters that are not printable ASCII",
      hint: "it was not made by this plan: let the plan make one",
    })
  }
  const { createHash, createHmac, pbkdf2 } = await import("node:crypto")
  const salted = salt ?? crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  const key = await new Promise<Buffer>((resolve, reject) =>
    pbkdf2(password, salted, ITERATIONS, HASH_BYTES, HASH, (error, made) =>
      error === null ? resolve(made) : reject(error),
    ),
  )
  const keyFor = (use: string) => createHmac(HASH, key).update(use).digest()
  const storedKey = createHash(HASH).update(keyFor("Client Key")).digest("base64")
  const serverKey = keyFor("Server Key").toString("base64")
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salted).toString("base64")}$${storedKey}:${serverKey}`
}
