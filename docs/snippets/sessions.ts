import { createHmac, timingSafeEqual } from "node:crypto"
import type { Keyring, KeyringKey } from "latchkey/rotation"

// #region sessions
/** The value of a cookie: what it says, the id of the key, and the signature. */
export function seal(keys: Keyring, session: string): string {
  const key = keys.current()
  return [Buffer.from(session).toString("base64url"), key.id, signature(key, session)].join(".")
}

/** What the cookie says; `undefined` if it is not ours, or was sealed with a key that has ended. */
export async function unseal(keys: Keyring, cookie: string): Promise<string | undefined> {
  const [text = "", id = "", given = ""] = cookie.split(".")
  const session = Buffer.from(text, "base64url").toString()
  const key = await keys.find(id)
  if (key === undefined) return undefined
  const [expected, actual] = [Buffer.from(signature(key, session)), Buffer.from(given)]
  return expected.length === actual.length && timingSafeEqual(expected, actual) ? session : undefined
}

const signature = (key: KeyringKey, session: string): string =>
  createHmac("sha256", key.reveal()).update(`${key.id}.${session}`).digest("base64url")
// #endregion
