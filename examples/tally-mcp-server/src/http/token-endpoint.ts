import { createHash, timingSafeEqual } from "node:crypto"
import type { Secret } from "latchkey"
import type { AccessTokens } from "./access-tokens.ts"
import type { Answer } from "./answer.ts"

/** A client's name for itself, which is written down with each of its calls. */
const CLIENT_ID = /^[\w.-]{1,40}$/

/**
 * Issues a token to who knows the client secret: the client credentials grant of OAuth 2.0 (RFC 6749, 4.4), with the
 * secret in HTTP Basic authentication.
 */
export async function issueToken(
  authorization: string | undefined,
  body: string,
  clientSecret: Secret<string>,
  tokens: AccessTokens,
): Promise<Answer> {
  const { id, secret } = credentialsOf(authorization)
  // The one before is good for as long as latchkey keeps it, so that it can be replaced without a call that fails.
  const accepted = [clientSecret.reveal(), clientSecret.previous?.reveal()]
  const isKnown = accepted.filter(each => each !== undefined && isSame(each, secret)).length > 0
  if (!isKnown || !CLIENT_ID.test(id)) {
    return {
      status: 401,
      headers: { "www-authenticate": 'Basic realm="token"' },
      body: { error: "invalid_client" },
    }
  }
  if (new URLSearchParams(body).get("grant_type") !== "client_credentials") {
    return { status: 400, body: { error: "unsupported_grant_type" } }
  }
  const token = await tokens.issue(id)
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    body: { access_token: token, token_type: "Bearer", expires_in: tokens.lifetimeSeconds },
  }
}

function credentialsOf(authorization: string | undefined): { readonly id: string; readonly secret: string } {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? "")?.[1] ?? ""
  const [id = "", ...rest] = Buffer.from(basic, "base64").toString().split(":")
  return { id, secret: rest.join(":") }
}

/** Takes the same time whatever they are. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
