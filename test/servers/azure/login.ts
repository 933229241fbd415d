import { randomBytes } from "node:crypto"
import type { Answer } from "./answers.ts"
import { TENANT } from "./challenge.ts"
import { LIFETIME, type Tokens } from "./tokens.ts"

/** What a program logs in with: the values of `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`. */
export interface Client {
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
}

/** The login service, which answers on the same port as the vault. */
export interface Login {
  /** Makes a client that logs in as an identity. */
  client(identity: string): Client
  /** Forgets all clients: nobody can log in any more, and tokens that were given out stay good. */
  forgetClients(): void
  /** How many tokens were asked for. */
  readonly calls: number
}

/** {@link Login}, with what only the server does. */
export interface LoginService extends Login {
  /** The answer to a request, or `undefined` for what is no request of a login. */
  answer(method: string, host: string, path: string, body: string): Answer | undefined
}

/** Makes a login service that gives out these tokens. */
export function loginService(tokens: Tokens): LoginService {
  const clients = new Map<string, { readonly secret: string; readonly identity: string }>()
  let calls = 0

  function tokenFor(form: URLSearchParams): Answer {
    calls += 1
    if (form.get("grant_type") !== "client_credentials")
      return loginError(
        400,
        "unsupported_grant_type",
        "AADSTS70003: The app requested an unsupported grant type.",
      )
    const client = clients.get(form.get("client_id") ?? "")
    if (client === undefined)
      return loginError(
        400,
        "unauthorized_client",
        "AADSTS700016: Application was not found in the directory.",
      )
    if (client.secret !== form.get("client_secret"))
      return loginError(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
    const seconds = Math.floor(LIFETIME / 1000)
    return {
      status: 200,
      headers: { "cache-control": "no-store, no-cache" },
      body: {
        token_type: "Bearer",
        expires_in: seconds,
        ext_expires_in: seconds,
        access_token: tokens.issue(client.identity),
      },
    }
  }

  return {
    client(identity) {
      const [clientId, clientSecret] = [
        randomBytes(16).toString("hex"),
        randomBytes(24).toString("base64url"),
      ]
      clients.set(clientId, { secret: clientSecret, identity })
      return { tenantId: TENANT, clientId, clientSecret }
    },
    forgetClients: () => clients.clear(),
    get calls() {
      return calls
    },
    answer(method, host, path, body) {
      if (method === "POST" && /^\/[^/]+\/oauth2\/v2\.0\/token$/.test(path))
        return tokenFor(new URLSearchParams(body))
      const tenant = /^\/([^/]+)\/v2\.0\/\.well-known\/openid-configuration$/.exec(path)?.[1]
      return tenant === undefined ? undefined : { status: 200, body: discovery(`https://${host}/${tenant}`) }
    },
  }
}

/** What a login library looks up before it asks for a token ("OpenID Connect Discovery 1.0"). */
function discovery(authority: string): Record<string, unknown> {
  return {
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    response_types_supported: ["code", "id_token", "token"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
  }
}

function loginError(status: number, error: string, text: string): Answer {
  return { status, body: { error, error_description: text, error_codes: [Number(/\d+/.exec(text)?.[0])] } }
}
