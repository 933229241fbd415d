import {
  type Duration,
  misconfigured,
  parseDuration,
  refuseNoFunction,
  refuseUnknownOptions,
  SecretError,
} from "../../core/index.ts"
import type { GeneratedPlan, StepContext, Verdict } from "../plan.ts"
import { randomKeys } from "../random-key.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "./plan-options.ts"
import {
  appRole,
  policyFor,
  secretIdOf,
  VAULT_API_OPTIONS,
  type VaultApi,
  type VaultApiOptions,
  vaultApi,
} from "./vault/index.ts"

/** What a {@link vaultAppRoleSecretId} is about, and how it asks the server: by a client of yours, or by `fetch`. */
export type VaultAppRoleSecretIdOptions = AppRoleOptions &
  ({ readonly client: VaultApi } | (VaultApiOptions & { readonly client?: undefined }))

interface AppRoleOptions extends ReadyPlanOptions {
  /** The name of the role. */
  readonly role: string
  /** Where the AppRole login is. Default: `"approle"`. */
  readonly mount?: string | undefined
  /**
   * How long a secret id lives if nobody ends it before, in whole seconds: longer than a rotation comes round, with its
   * grace, or those who log in are left without one. Default: as the role says (`secret_id_ttl`).
   */
  readonly secretIdTtl?: Duration | undefined
}

const OF = "vaultAppRoleSecretId()"
const OPTIONS: readonly string[] = [
  "client",
  "role",
  "mount",
  "secretIdTtl",
  ...VAULT_API_OPTIONS,
  ...READY_PLAN_OPTIONS,
]

/**
 * The secret id with which programs log in to Vault or OpenBao by AppRole. The secret holds the secret id and nothing else;
 * the role id, which is no secret, stays as it is.
 *
 * The secret id is made here, from 256 random bits, and registered as a custom one, with the secret's name and the rotation
 * in its metadata, which stands in the server's audit log at every login. Applying it again finds it registered. It is
 * verified by a login of its own, whose token is given back at once, if its policies let it (`default` does). The old one is
 * destroyed after the grace; tokens that were got with it live on until they end by themselves.
 *
 * A login that fails counts: the fifth within 15 minutes locks all who log in by the role, for 15 minutes ("User lockout").
 * So before each login the server is asked whether it knows the secret id at all; one that it does not know is refused
 * without a login.
 *
 * The role must take secret ids of any number of uses (`secret_id_num_uses=0`), because each verification is one; and the
 * host on which this runs, if it has `secret_id_bound_cidrs`. What the token of whoever rotates must be permitted is in
 * `needs`, ready for a policy.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that can be meant; without quoting any
 */
export function vaultAppRoleSecretId(options: VaultAppRoleSecretIdOptions): GeneratedPlan {
  refuseUnknownOptions(OF, options, OPTIONS)
  const { role, mount = "approle" } = options
  if (!isPath(role) || role.includes("/"))
    throw misconfigured(`role of ${OF} is no name of a role`, "see vault list auth/approle/role")
  if (!isPath(mount)) throw misconfigured(`mount of ${OF} is no path`, "see vault auth list")
  const ttl = secondsOf(options.secretIdTtl)
  const secretIds = appRole(clientOf(options), mount, role)
  const keys = randomKeys(OF, { bytes: 32 })

  async function accepts(secretId: string, context: StepContext): Promise<Verdict> {
    if ((await secretIds.find(secretId, context)) === undefined) return "refused"
    return await secretIds.logIn(secretId, context)
  }

  return {
    kind: "generated",
    overlap: true,
    ...taken(options),
    needs: policyFor(mount, role),
    create: async () => ({ value: keys.make() }),
    async apply({ value }, context) {
      const secretId = secretIdOf(value, context)
      const metadata = { latchkey: context.name, rotation: context.rotationId }
      const { uses } =
        (await secretIds.find(secretId, context)) ??
        (await secretIds.register({ secretId, metadata, ttl }, context))
      if (uses === 0) return
      await secretIds.destroy(secretId, context)
      throw usedUp(context, role, mount)
    },
    verify: async ({ value }, context) => await accepts(secretIdOf(value, context), context),
    async verifyOld({ id, value }, context) {
      if (value !== undefined) return await accepts(secretIdOf(value, context), context)
      if (id !== undefined) return (await secretIds.has(id, context)) ? "works" : "refused"
      throw unknownOld(context, role, mount)
    },
    async revoke({ id, value }, context) {
      if (id !== undefined) await secretIds.destroyByAccessor(id, context)
      else if (value !== undefined) await secretIds.destroy(secretIdOf(value, context), context)
      else throw unknownOld(context, role, mount)
    },
    identify: async (value, context) =>
      typeof value === "string" && value !== ""
        ? (await secretIds.find(value, context))?.accessor
        : undefined,
  }
}

function clientOf(options: VaultAppRoleSecretIdOptions): VaultApi {
  const { client } = options
  if (client === undefined) return vaultApi(OF, options)
  const both = VAULT_API_OPTIONS.filter(option => Object.hasOwn(options, option))
  if (both.length > 0)
    throw misconfigured(`${OF} was given both a client and ${both.join(", ")}`, "write one of the two")
  refuseNoFunction(`client.request of ${OF}`, client.request)
  return client
}

function secondsOf(ttl: Duration | undefined): number | undefined {
  if (ttl === undefined) return undefined
  const milliseconds = parseDuration(ttl, "secretIdTtl")
  if (milliseconds >= 1_000 && milliseconds % 1_000 === 0) return milliseconds / 1_000
  throw misconfigured(`secretIdTtl of ${OF} is no whole number of seconds`, 'write it as in "720h"')
}

/** Segments that print, and none that leads elsewhere. */
function isPath(path: unknown): path is string {
  return typeof path === "string" && /^(?!\.\.?(?:\/|$))[\w.-]+(?:\/(?!\.\.?(?:\/|$))[\w.-]+)*$/.test(path)
}

function usedUp({ name }: StepContext, role: string, mount: string): SecretError {
  return new SecretError("MISCONFIGURED", {
    secret: name,
    store: "vault",
    message: "secret ids of this role are used up after some logins, of which verifying is one",
    hint: `vault write auth/${mount}/role/${role} secret_id_num_uses=0`,
  })
}

function unknownOld({ name }: StepContext, role: string, mount: string): SecretError {
  return new SecretError("UNSUPPORTED", {
    secret: name,
    store: "vault",
    message: "neither the old secret id nor its accessor is known",
    hint: `see vault list auth/${mount}/role/${role}/secret-id for accessors, and destroy what nobody uses`,
  })
}
