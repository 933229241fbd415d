import { SecretError, untilAborted } from "../../../core/index.ts"
import type { StepContext, Verdict } from "../../plan.ts"
import type { VaultApi, VaultApiAnswer, VaultApiRequest } from "./api.ts"
import { oddAnswer, refusalOf, saysInvalid, unanswered } from "./failures.ts"

/** What the server says about a secret id that it knows. */
export interface SecretIdInfo {
  /** Its id, which is no secret. */
  readonly accessor: string
  /** How many logins are left; 0 for no limit. */
  readonly uses: number
}

/** A new secret id. */
export interface NewSecretId {
  readonly secretId: string
  readonly metadata: Readonly<Record<string, string>>
  /** In seconds. Absent: as the role says. */
  readonly ttl: number | undefined
}

/** The secret ids of one role. Everything is thrown as `SecretError`, and ends when the step's signal aborts. */
export interface AppRole {
  /** What is known of a secret id; `undefined` for one that the server does not know. Counts as no login. */
  find(secretId: string, context: StepContext): Promise<SecretIdInfo | undefined>
  /** Whether there is a secret id with this accessor. */
  has(accessor: string, context: StepContext): Promise<boolean>
  register(secret: NewSecretId, context: StepContext): Promise<SecretIdInfo>
  /** Ends a secret id. One that is not there is no failure. */
  destroy(secretId: string, context: StepContext): Promise<void>
  destroyByAccessor(accessor: string, context: StepContext): Promise<void>
  /** Logs in with a secret id, and gives the token back at once. */
  logIn(secretId: string, context: StepContext): Promise<Verdict>
}

/** What a policy must permit for that, as it stands there. */
export function policyFor(mount: string, role: string): readonly string[] {
  const rule = (path: string, capability: string): string =>
    `path "auth/${mount}/role/${role}/${path}" { capabilities = ["${capability}"] }`
  return [
    rule("role-id", "read"),
    rule("custom-secret-id", "update"),
    rule("secret-id/lookup", "update"),
    rule("secret-id/destroy", "update"),
    rule("secret-id-accessor/lookup", "update"),
    rule("secret-id-accessor/destroy", "update"),
  ]
}

/** The secret ids of a role ("AppRole auth method (API)"). */
export function appRole(api: VaultApi, mount: string, role: string): AppRole {
  const encoded = (path: string): string => path.split("/").map(encodeURIComponent).join("/")
  const of = (what: string): string => `auth/${encoded(mount)}/role/${encodeURIComponent(role)}/${what}`

  type Asked = Omit<VaultApiRequest, "signal">
  const own = (what: string, body?: Readonly<Record<string, unknown>>): Asked => ({
    method: body === undefined ? "GET" : "POST",
    path: of(what),
    body,
    token: "own",
  })

  async function ask(request: Asked, { name, signal }: StepContext): Promise<VaultApiAnswer> {
    return await untilAborted(signal, async own => {
      try {
        return await api.request({ ...request, signal: own })
      } catch (thrown) {
        throw unanswered(thrown, name)
      }
    })
  }

  /** The answer's `data`, or `undefined` for an answer of nothing. */
  async function dataOf(request: Asked, context: StepContext): Promise<Fields | undefined> {
    const answer = await ask(request, context)
    if (answer.status === 204) return undefined
    if (answer.status !== 200) throw refusalOf(answer, { secret: context.name, request })
    const data = fieldsOf(fieldsOf(answer.body)?.data)
    if (data === undefined) throw oddAnswer(context.name)
    return data
  }

  async function nothingOf(request: Asked, context: StepContext): Promise<void> {
    if ((await dataOf(request, context)) !== undefined) throw oddAnswer(context.name)
  }

  const infoIn = (data: Fields, { name }: StepContext): SecretIdInfo => {
    const { secret_id_accessor: accessor, secret_id_num_uses: uses } = data
    if (typeof accessor !== "string" || typeof uses !== "number") throw oddAnswer(name)
    return { accessor, uses }
  }

  async function find(secretId: string, context: StepContext): Promise<SecretIdInfo | undefined> {
    const request = own("secret-id/lookup", { secret_id: secretId })
    const answer = await ask(request, context)
    // One that is just being removed is said to be invalid.
    if (answer.status === 204 || saysInvalid(answer)) return undefined
    if (answer.status !== 200) throw refusalOf(answer, { secret: context.name, request })
    const data = fieldsOf(fieldsOf(answer.body)?.data)
    if (data === undefined) throw oddAnswer(context.name)
    return infoIn(data, context)
  }

  async function has(accessor: string, context: StepContext): Promise<boolean> {
    const request = own("secret-id-accessor/lookup", { secret_id_accessor: accessor })
    const answer = await ask(request, context)
    if (answer.status === 204) return false
    if (answer.status === 200) return true
    // That it is not there is said in "data", and that there is no such path in "errors".
    const missing = fieldsOf(fieldsOf(answer.body)?.data)?.error
    if (answer.status === 404 && typeof missing === "string") return false
    throw refusalOf(answer, { secret: context.name, request })
  }

  /** Does something that is only refused when it was done before, by whoever: then `after` says so. */
  async function onceFor<T>(doing: () => Promise<T>, after: () => Promise<T | undefined>): Promise<T> {
    try {
      return await doing()
    } catch (thrown) {
      const done = await after().catch(() => undefined)
      if (done === undefined) throw thrown
      return done
    }
  }

  return {
    find,
    has,
    register: async ({ secretId, metadata, ttl }, context) =>
      await onceFor(
        async () => {
          const data = await dataOf(
            own("custom-secret-id", {
              secret_id: secretId,
              metadata: JSON.stringify(metadata),
              ...(ttl !== undefined && { ttl: `${ttl}s` }),
            }),
            context,
          )
          if (data === undefined) throw oddAnswer(context.name)
          return infoIn(data, context)
        },
        () => find(secretId, context),
      ),
    destroy: async (secretId, context) =>
      await nothingOf(own("secret-id/destroy", { secret_id: secretId }), context),
    async destroyByAccessor(accessor, context) {
      await onceFor<true>(
        async () => {
          await nothingOf(own("secret-id-accessor/destroy", { secret_id_accessor: accessor }), context)
          return true
        },
        async () => ((await has(accessor, context)) ? undefined : true),
      )
    },
    async logIn(secretId, context) {
      const roleId = (await dataOf(own("role-id"), context))?.role_id
      if (typeof roleId !== "string") throw oddAnswer(context.name)
      const request: Asked = {
        method: "POST",
        path: `auth/${encoded(mount)}/login`,
        body: { role_id: roleId, secret_id: secretId },
        token: "none",
      }
      const answer = await ask(request, context)
      if (saysInvalid(answer)) return "refused"
      if (answer.status !== 200) throw refusalOf(answer, { secret: context.name, request })
      const text = fieldsOf(fieldsOf(answer.body)?.auth)?.client_token
      if (typeof text !== "string") throw oddAnswer(context.name)
      await giveBack(text, context)
      return "works"
    },
  }

  /** The token ends by itself where its policies do not let it be given back, or nobody answers: the login has worked. */
  async function giveBack(text: string, context: StepContext): Promise<void> {
    const request: Asked = { method: "POST", path: "auth/token/revoke-self", body: {}, token: { text } }
    await ask(request, context).catch(thrown => {
      if (context.signal.aborted) throw thrown
    })
  }
}

/** The secret id that a stored value is. @throws SecretError `INVALID_VALUE` for bytes, without showing them */
export function secretIdOf(value: string | Uint8Array, { name }: StepContext): string {
  if (typeof value === "string") return value
  throw new SecretError("INVALID_VALUE", {
    secret: name,
    message: "a secret id is text, and the secret holds bytes",
    hint: "see whether it is the right secret",
  })
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(thing: unknown): Fields | undefined {
  return typeof thing === "object" && thing !== null && !Array.isArray(thing) ? (thing as Fields) : undefined
}
