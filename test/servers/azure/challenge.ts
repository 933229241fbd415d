import { Refusal } from "./answers.ts"
import type { Tokens } from "./tokens.ts"

/** The tenant of the stand-in. */
export const TENANT = "00000000-0000-0000-0000-0000000000aa"

/**
 * Whose request this is.
 *
 * @throws Refusal 401 with the challenge that tells a client where to get a token.
 */
export function authenticated(authorization: string | undefined, tokens: Tokens, resource: string): string {
  const token = /^(?:Bearer|PoP) +(\S+)$/i.exec(authorization ?? "")?.[1]
  if (token === undefined)
    throw unauthorized("AKV10000: Request is missing a Bearer or PoP token.", challenge(resource))
  const standing = tokens.standing(token)
  switch (standing.is) {
    case "valid":
      return standing.identity
    case "unknown":
      throw unauthorized(
        `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${TENANT}/, ..., found https://sts.windows.net/another/.`,
        challenge(resource),
      )
    case "expired":
      throw unauthorized("[TokenExpired] Error validating token: 'S2S12086'.", challenge(resource))
    case "withdrawn":
      throw unauthorized(
        "AKV10097: Continuous access evaluation resulted in challenge with result: InteractionRequired",
        `${challenge(resource)}, error="insufficient_claims", claims="${CLAIMS}"`,
      )
  }
}

/** What a token must have been issued after, in the form in which the service asks for it. */
const CLAIMS = Buffer.from('{"access_token":{"nbf":{"essential":true,"value":"1"}}}').toString("base64")

function challenge(resource: string): string {
  return `Bearer authorization="https://login.windows.net/${TENANT}", resource="${resource}"`
}

function unauthorized(text: string, header: string): Refusal {
  return new Refusal(401, "Unauthorized", text, undefined, { "www-authenticate": header })
}
