import { SecretError } from "../../../src/core/index.ts"
import { VaultFailure } from "../failure.ts"
import { fieldsOf, textOf } from "../json.ts"
import { type Credential, credentialOf } from "./credential.ts"
import { attemptAt, type Login, type LoginCall, logInAt } from "./login.ts"

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
  const wrapped = wrappedSecret(mount)
  return {
    issues: true,
    counted: true,
    async attempt() {
      const role = await credentialOf("role id", roleId)
      if (secretId === undefined) return attemptAt(mount, { role_id: role })
      if (typeof secretId !== "object" || !("wrapped" in secretId))
        return attemptAt(mount, { role_id: role, secret_id: await credentialOf("secret id", secretId) })
      const wrapping = await credentialOf("wrapping token", secretId.wrapped)
      return {
        credential: JSON.stringify([role, wrapping]),
        async logIn(call) {
          return await logInAt(call, mount, { role_id: role, secret_id: await wrapped(wrapping, call) })
        },
      }
    },
  }
}

/**
 * The secret id in a wrapping token, which works once, and is kept until there is another token. Looks first at what it
 * wraps: whoever took the real one could have put another in its place ("Response wrapping", validation).
 */
function wrappedSecret(mount: string): (wrapping: string, call: LoginCall) => Promise<string> {
  let opened: { readonly wrapping: string; readonly secret: string } | undefined
  /** The token that this process may have opened itself: nobody else is to be blamed then. */
  let unanswered: string | undefined

  async function unwrap(wrapping: string, { client, namespace, signal }: LoginCall): Promise<string> {
    const ask = async (path: string, body: Record<string, string>, token?: string) =>
      await client.ask({ method: "POST", path, body, token, namespace, stage: "login", signal })
    const refused = (thrown: unknown): never => {
      if (!isUsed(thrown)) throw thrown
      throw unanswered === wrapping ? lost() : incident("was used before, or has run out")
    }

    const lookup = await ask("sys/wrapping/lookup", { token: wrapping }).catch(refused)
    if (!isOfRole(textOf(fieldsOf(lookup.json.data)?.creation_path) ?? "", mount, namespace))
      throw incident("wraps something that is no secret id of this engine")
    const answer = await ask("sys/wrapping/unwrap", {}, wrapping).catch(thrown => {
      const isAnswered = isUsed(thrown) || (thrown instanceof VaultFailure && thrown.notSent)
      if (!isAnswered) unanswered = wrapping
      return refused(thrown)
    })
    const secret = textOf(fieldsOf(answer.json.data)?.secret_id)
    if (secret === undefined) throw incident("held no secret id")
    return secret
  }

  return async (wrapping, call) => {
    if (opened?.wrapping !== wrapping) opened = { wrapping, secret: await unwrap(wrapping, call) }
    return opened.secret
  }
}

/** Whether a path is that of a role's secret ids, from its beginning: everybody has a cubbyhole, with any path in it. */
function isOfRole(path: string, mount: string, namespace: string | undefined): boolean {
  const within = namespace !== undefined && path.startsWith(`${namespace}/`) ? `${namespace}/` : ""
  const roles = `${within}auth/${mount}/role/`
  return path.startsWith(roles) && /^[^/]+\/(?:custom-)?secret-id$/.test(path.slice(roles.length))
}

function isUsed(thrown: unknown): boolean {
  return (
    thrown instanceof VaultFailure &&
    thrown.reason !== "odd-answer" &&
    (thrown.reason === "wrapping-token" || thrown.reason === "dead-token" || thrown.status === 403)
  )
}

function lost(): SecretError {
  return new SecretError("UNAUTHENTICATED", {
    message: "the wrapping token was opened by this process, and the answer was lost; or it has run out",
    hint: "wrap a new secret id; nobody has the one that was lost, and it can be destroyed",
  })
}

function incident(what: string): SecretError {
  return new SecretError("UNAUTHENTICATED", {
    message: `the wrapping token ${what}`,
    hint: "somebody else may have the secret id: destroy it, find out who opened it, and wrap a new one",
  })
}
