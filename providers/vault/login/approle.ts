import { SecretError } from "../../../src/core/index.ts"
import { VaultFailure } from "../failure.ts"
import { fieldsOf, textOf } from "../json.ts"
import { type Credential, credentialOf } from "./credential.ts"
import { type Login, type LoginCall, logInAt } from "./login.ts"

/** The login of machines: a role, and a secret that belongs to it. */
export interface AppRoleAuth {
  readonly method: "approle"
  readonly roleId: Credential
  /**
   * The secret id, or the token that it is wrapped in (`vault write -wrap-ttl=60s -f auth/approle/role/<role>/secret-id`).
   * What is wrapped is opened once and kept in memory for later logins, until there is another wrapping token. A role that
   * is bound by other means needs none.
   */
  readonly secretId?: Credential | { readonly wrapped: Credential } | undefined
  /** Where the engine is. Default: `"approle"`. */
  readonly mount?: string | undefined
}

/** Logs in with a role id and a secret id. */
export function appRoleLogin({ roleId, secretId, mount = "approle" }: AppRoleAuth): Login {
  let opened: { readonly wrapping: string; readonly secret: string } | undefined

  async function secretOf(call: LoginCall): Promise<string | undefined> {
    if (secretId === undefined) return undefined
    if (typeof secretId !== "object" || !("wrapped" in secretId))
      return await credentialOf("secret id", secretId)
    const wrapping = await credentialOf("wrapping token", secretId.wrapped)
    if (opened?.wrapping !== wrapping) opened = { wrapping, secret: await unwrap(wrapping, mount, call) }
    return opened.secret
  }

  return {
    issues: true,
    async logIn(call) {
      const role = await credentialOf("role id", roleId)
      const secret = await secretOf(call)
      return await logInAt(call, mount, { role_id: role, ...(secret !== undefined && { secret_id: secret }) })
    },
  }
}

/**
 * Opens a wrapping token, which works once. Looks first at what it wraps: whoever took the real one could have put another
 * in its place ("Response wrapping", validation).
 */
async function unwrap(wrapping: string, mount: string, call: LoginCall): Promise<string> {
  const { client, namespace, signal } = call
  const ask = (path: string, body: Record<string, string>, token?: string) =>
    client.ask({ method: "POST", path, body, token, namespace, stage: "login", signal }).catch(incidentIfUsed)

  const lookup = await ask("sys/wrapping/lookup", { token: wrapping })
  const path = textOf(fieldsOf(lookup.json.data)?.creation_path) ?? ""
  const [, role = ""] = path.split(`auth/${mount}/role/`)
  if (!/^[^/]+\/(?:custom-)?secret-id$/.test(role))
    throw incident("wraps something that is no secret id of this engine")
  const answer = await ask("sys/wrapping/unwrap", {}, wrapping)
  const secret = textOf(fieldsOf(answer.json.data)?.secret_id)
  if (secret === undefined) throw incident("held no secret id")
  return secret
}

function incidentIfUsed(thrown: unknown): never {
  const isUsed =
    thrown instanceof VaultFailure &&
    (thrown.reason === "wrapping-token" || thrown.reason === "dead-token" || thrown.status === 403)
  throw isUsed ? incident("was used before, or has run out") : thrown
}

function incident(what: string): SecretError {
  return new SecretError("UNAUTHENTICATED", {
    message: `the wrapping token ${what}`,
    hint: "somebody else may have the secret id: destroy it, find out who opened it, and wrap a new one",
  })
}
