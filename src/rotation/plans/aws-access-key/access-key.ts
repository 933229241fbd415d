import {
  type CallOptions,
  misconfigured,
  refuseNoFunction,
  refuseUnknownOptions,
  SecretError,
  type SecretValue,
} from "../../../core/index.ts"
import type { Credential, MintedPlan, OldCredential, Verdict } from "../../plan.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "../plan-options.ts"
import { acceptedByAws } from "./caller-identity.ts"
import { type IamClient, type ListedKey, UserKeys } from "./iam.ts"
import { isFull } from "./iam-failure.ts"
import { keyIn, textOfKey } from "./stored-key.ts"

/** Where new keys are tried: at AWS STS. */
export interface AwsKeyCheck {
  /** Default: that of the IAM client, else `"us-east-1"`. */
  readonly region?: string | undefined
  /** Another address of the service, as a URL. Default: the region's own. */
  readonly endpoint?: string | undefined
  /** Default: that of the platform. Another one where a proxy is in the way: the platform's looks at no `HTTPS_PROXY`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** The options of {@link awsAccessKey}. */
export interface AwsAccessKeyOptions extends ReadyPlanOptions {
  /** The client through which keys are made and ended; with credentials that are not those which it rotates. */
  readonly iam: IamClient
  /** The name of the IAM user whose key it is. */
  readonly user: string
  /**
   * Whether nobody but latchkey makes keys of this user. Then a key that a crash left behind, of which IAM cannot say
   * who made it, is taken for ours and removed; without it such a rotation waits for a person. Default: `false`.
   */
  readonly exclusive?: boolean | undefined
  readonly sts?: AwsKeyCheck | undefined
}

const OF = "awsAccessKey()"
const OPTIONS = ["iam", "user", "exclusive", "sts"]

/** How many access keys a user can have ("IAM and AWS STS quotas" in the IAM User Guide). It cannot be raised. */
const MOST_KEYS = 2

/**
 * IAM is eventually consistent: a new key is known after some seconds as a rule ("Changes that I make are not always
 * immediately visible" in the IAM User Guide), and sometimes later.
 */
const SETTLING = "30s"

/**
 * The access key of an IAM user, as JSON: `{ "accessKeyId": "AKIA…", "secretAccessKey": "…" }`.
 *
 * IAM makes the key, and tells its secret once; the old one works on until it is switched off and deleted after the
 * grace. A user can have two keys, so there must be one at most when a rotation begins: with two it waits, and says which
 * they are. IAM keeps no labels, so that a key which a crash left behind is found only where `exclusive` says that all
 * keys of the user are ours.
 *
 * A key is tried by `GetCallerIdentity` of AWS STS, which needs no permission. A fresh key is known everywhere after some
 * seconds only, so that it is asked for up to 30 seconds (`settling`) before a refusal counts.
 *
 * Where a role can be had, take it: it has no key that must be rotated.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or does not fit. At the first call:
 * `MISCONFIGURED` if the package `@aws-sdk/client-iam` is not installed, or the client repeats calls by itself.
 */
export function awsAccessKey(options: AwsAccessKeyOptions): MintedPlan {
  refuseUnknownOptions(OF, options, [...OPTIONS, ...READY_PLAN_OPTIONS])
  const { iam, user, exclusive = false } = options
  refuseNoFunction(`iam.send of ${OF}`, iam?.send)
  if (typeof user !== "string" || !/^[\w+=,.@-]{1,64}$/.test(user))
    throw misconfigured(`user of ${OF} is not the name of an IAM user`, "write its name, and not its ARN")
  const keys = new UserKeys(iam, user)
  const accepts = checkOf(options)

  return {
    kind: "minted",
    overlap: true,
    labels: false,
    exclusive,
    settling: SETTLING,
    ...taken(options),
    needs: [
      `iam:CreateAccessKey, iam:ListAccessKeys, iam:UpdateAccessKey and iam:DeleteAccessKey on arn:aws:iam::*:user/${user}`,
    ],
    async awaits({ current, signal }) {
      await keys.refuseRepeats({ signal })
      const currentId = current && keyIn(current.value)?.accessKeyId
      if (currentId !== undefined) await keys.refuseOwn(currentId, { signal })
      // What is not the secret's own is ours then, and the rotation removes it itself.
      if (exclusive) return undefined
      const listed = await keys.list({ signal })
      return listed.length < MOST_KEYS ? undefined : full(user, listed, currentId)
    },
    async mint({ name, current, signal }): Promise<Credential> {
      try {
        const key = await keys.create({ signal })
        return { value: textOfKey(key), id: key.accessKeyId }
      } catch (thrown) {
        if (!isFull(thrown)) throw thrown
      }
      const currentId = current && keyIn(current.value)?.accessKeyId
      throw new SecretError("MISCONFIGURED", {
        secret: name,
        store: "aws iam",
        message: "IAM allows the user no third access key",
        hint: full(user, await keys.list({ signal }), currentId),
      })
    },
    listMinted: async ({ signal }) => (await keys.list({ signal })).map(({ id }) => ({ id })),
    identify: async value => keyIn(value)?.accessKeyId,
    async verify({ value }, { signal }): Promise<Verdict> {
      const key = keyIn(value)
      return key === undefined ? "refused" : await accepts(key, { signal })
    },
    async verifyOld({ id, value }, { signal }): Promise<Verdict> {
      const key = value === undefined ? undefined : keyIn(value)
      if (key !== undefined) return await accepts(key, { signal })
      const listed = await keys.list({ signal })
      return listed.some(one => one.id === id && one.isActive) ? "works" : "refused"
    },
    async revoke(old, { name, signal }) {
      await keys.end(idOf(old, name), { signal })
    },
  }
}

/** Which keys there are, and what is to be done. */
function full(user: string, listed: readonly ListedKey[], currentId: string | undefined): string {
  const told = listed.map(({ id, isActive, createdAt }) => {
    const since = createdAt === undefined ? "" : `, of ${createdAt.toISOString().slice(0, 10)}`
    return `${id} (${isActive ? "active" : "inactive"}${since}${id === currentId ? ", in this secret" : ""})`
  })
  const spare = listed.filter(({ id }) => id !== currentId)
  const which = spare.length === 1 ? (spare[0]?.id ?? "") : "ID"
  return `the user ${user} has as many keys as it may: ${told.join(", ")}; end the one that nobody uses: aws iam delete-access-key --user-name ${user} --access-key-id ${which}`
}

function idOf({ id, value }: OldCredential, secret: string): string {
  const known = id ?? idIn(value)
  if (known !== undefined) return known
  throw new SecretError("MISCONFIGURED", {
    secret,
    store: "aws iam",
    message: "nobody knows the id of the key that is to be ended",
    hint: "see what the secret held before, and end that key by hand",
  })
}

function idIn(value: SecretValue | undefined): string | undefined {
  return value === undefined ? undefined : keyIn(value)?.accessKeyId
}

function checkOf({
  iam,
  sts = {},
}: AwsAccessKeyOptions): (
  key: Parameters<typeof acceptedByAws>[0],
  options: CallOptions,
) => Promise<Verdict> {
  refuseUnknownOptions(`sts of ${OF}`, sts, ["region", "endpoint", "fetch"])
  const { region, endpoint, fetch } = sts
  if (region !== undefined && !isRegion(region))
    throw misconfigured(`sts.region of ${OF} is not the name of a region`, "write it as in eu-west-1")
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ""))
    throw misconfigured(
      `sts.endpoint of ${OF} is not an http or https URL`,
      "write it as in https://sts.eu-west-1.amazonaws.com",
    )
  if (fetch !== undefined) refuseNoFunction(`sts.fetch of ${OF}`, fetch)
  return async (key, options) => {
    const place = { region: region ?? (await regionOf(iam)) ?? "us-east-1", endpoint, fetch }
    return await acceptedByAws(key, place, options)
  }
}

/** The region that a client of the SDK was made for, or found; `undefined` if it has none. */
async function regionOf({ config }: IamClient): Promise<string | undefined> {
  const { region } = (config ?? {}) as { readonly region?: unknown }
  try {
    const found: unknown = typeof region === "function" ? await region() : region
    // That is what the SDK calls the place of services which have no regions, and IAM is one.
    return isRegion(found) && found !== "aws-global" ? found : undefined
  } catch {
    // The SDK throws where it finds none; IAM is the same in all regions.
    return undefined
  }
}

function isRegion(region: unknown): region is string {
  return typeof region === "string" && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(region)
}
