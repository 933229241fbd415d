import {
  type Duration,
  isPortableName,
  misconfigured,
  type NameOptions,
  parseDuration,
  readServiceUrl,
  refuseUnknownOptions,
  SecretError,
} from "../../src/core/index.ts"
import type { SecretsManagerLike } from "./client.ts"
import type { NewSecret } from "./write.ts"

/** The label of the version that is in force, unless another one is asked for. */
export const CURRENT = "AWSCURRENT"

/** What AWS knows somebody by. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** When they end. Credentials that say so are asked for again in time. */
  readonly expiration?: Date
}

/** What can be set about secrets in AWS Secrets Manager. */
export interface AwsOptions extends NameOptions {
  /** The region: `"eu-west-1"`. Default: what the SDK finds, in `AWS_REGION` or in the configuration of the profile. */
  readonly region?: string | undefined
  /** Another address of the service, as a URL. Default: what the SDK finds (`AWS_ENDPOINT_URL`), else the region's own. */
  readonly endpoint?: string | undefined
  /** A profile of the shared configuration files. Default: `AWS_PROFILE`, else the one that is called `default`. */
  readonly profile?: string | undefined
  /** Credentials, or a function that gets them, such as those of `@aws-sdk/credential-providers`. Default: the SDK's chain. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined
  /**
   * A client of the SDK that is ready, instead of all the options above. It belongs to whoever made it and is not
   * closed; make it with `maxAttempts: 1`, because calls are repeated here already.
   */
  readonly client?: SecretsManagerLike | undefined
  /** How long a deleted secret can be brought back: whole days from `"7d"` to `"30d"`, or `"none"`. Default: `"30d"`. */
  readonly recoveryWindow?: Duration | "none" | undefined
  /**
   * The key of KMS that secrets are encrypted with which a write creates: its id, ARN or alias. Default: the key
   * `aws/secretsmanager`, with which no other account can read them.
   */
  readonly kmsKeyId?: string | undefined
  /** Tags of secrets that a write creates: `{ team: "billing" }`. Default: none. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /**
   * How many rotations of one secret may begin within 24 hours; one that answers a leak always may. The service keeps
   * each version for a day and has room for about a hundred, and a rotation makes about ten of its journal. Default: 8.
   */
  readonly rotationsPerDay?: number | undefined
}

/** The same for a store that reads another version than the one which is in force. */
export interface AwsStageOptions extends AwsOptions {
  /**
   * The label of the version that is read as the current one: `"AWSPENDING"`, `"AWSPREVIOUS"`, or one of your own.
   * `undefined` is `"AWSCURRENT"`.
   */
  readonly stage: string | undefined
}

/** The same, checked. */
export interface CheckedOptions {
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly profile: string | undefined
  readonly credentials: AwsOptions["credentials"]
  readonly client: SecretsManagerLike | undefined
  /** In days; `undefined` if deletion is final. */
  readonly recoveryDays: number | undefined
  readonly stage: string
  readonly rotationsPerDay: number
  /** What a write creates secrets with. */
  readonly fresh: NewSecret
  readonly naming: NameOptions
  /** A URL that {@link fromUrl} reads back, and that is safe to print. */
  readonly location: string
}

const CONNECTION = ["region", "endpoint", "profile", "credentials"] as const
const OTHERS = [
  "client",
  "recoveryWindow",
  "kmsKeyId",
  "tags",
  "rotationsPerDay",
  "stage",
  "prefix",
  "rename",
] as const

/**
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or that Secrets Manager does not understand. No
 * message quotes a value.
 */
export function checkOptions(options: AwsOptions & Partial<AwsStageOptions>): CheckedOptions {
  refuseUnknownOptions("aws()", options, [...CONNECTION, ...OTHERS])
  const { region, profile, credentials, client, stage = CURRENT, kmsKeyId, tags, prefix, rename } = options
  const { rotationsPerDay = 8 } = options
  if (client !== undefined) {
    if (typeof client?.send !== "function")
      throw misconfigured("client has no method send", "give an instance of SecretsManagerClient")
    if (CONNECTION.some(option => options[option] !== undefined))
      throw misconfigured(
        `client and ${CONNECTION.join(", ")} exclude each other`,
        "tell them to the client when you make it",
      )
  }
  if (region !== undefined && !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(region))
    throw misconfigured("the region is not the name of a region", "write it as in eu-west-1")
  if (profile !== undefined && (typeof profile !== "string" || profile === ""))
    throw misconfigured("the profile is not the name of a profile", "take one of those in ~/.aws/config")
  if (credentials !== undefined && typeof credentials !== "function") refuseIncomplete(credentials)
  if (!isWord(stage)) throw misconfigured("the stage is no label of a version", "write it as in AWSPREVIOUS")
  if (kmsKeyId !== undefined && !isWord(kmsKeyId))
    throw misconfigured(
      "kms-key (kmsKeyId in code) is the name of no key",
      "write an id, an ARN or an alias, as in alias/secrets",
    )
  if (!Number.isInteger(rotationsPerDay) || rotationsPerDay < 1)
    throw misconfigured("rotationsPerDay is no whole number of at least 1", "leave it out for 8")

  const endpoint = options.endpoint === undefined ? undefined : checkEndpoint(options.endpoint)
  return {
    region,
    endpoint,
    profile,
    credentials,
    client,
    recoveryDays: daysOf(options.recoveryWindow ?? "30d"),
    stage,
    rotationsPerDay,
    fresh: {
      ...(kmsKeyId !== undefined && { KmsKeyId: kmsKeyId }),
      ...(tags !== undefined && { Tags: tagsOf(tags) }),
    },
    naming: { prefix, rename },
    location: locationOf({ region, endpoint, profile, prefix, stage }),
  }
}

/**
 * The options in a URL: `aws://eu-west-1`, `aws://eu-west-1/prod/tally`, where the path is the prefix, or `aws:`, where the
 * region is that of the environment. Parameters are `endpoint`, `profile`, `stage`, `kms-key` and `recovery-window`.
 *
 * Keys that stand in `env` are used as the SDK's chain does it: first, unless a profile is named.
 *
 * @param env the variables that stand in for a part of the URL: `AWS_REGION`, `AWS_PROFILE`,
 * `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
 * @throws SecretError `MISCONFIGURED` for anything else.
 */
export function fromUrl(url: URL, env: Readonly<Record<string, string | undefined>>): AwsStageOptions {
  const { host, segments, naming, parameter, refusal } = readServiceUrl(url, [
    "endpoint",
    "profile",
    "stage",
    "kms-key",
    "recovery-window",
  ])
  if (segments.length > 0 && naming.prefix !== undefined)
    throw refusal("has a path and prefix=", "write one of them: the path is the prefix")
  const profile = parameter("profile") ?? (env.AWS_PROFILE || undefined)
  const ignored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === "true"
  const configured = ignored
    ? undefined
    : env.AWS_ENDPOINT_URL_SECRETS_MANAGER || env.AWS_ENDPOINT_URL || undefined
  return {
    ...naming,
    ...(segments.length > 0 && { prefix: segments.join("/") }),
    region: host || env.AWS_REGION || undefined,
    endpoint: parameter("endpoint") ?? configured,
    profile,
    credentials: profile === undefined ? environmentCredentials(env) : undefined,
    stage: parameter("stage"),
    kmsKeyId: parameter("kms-key"),
    recoveryWindow: parameter("recovery-window") as AwsOptions["recoveryWindow"],
  }
}

/** What stands in the variables, read anew whenever it is asked for; nothing if there is nothing now. */
function environmentCredentials(
  env: Readonly<Record<string, string | undefined>>,
): (() => Promise<AwsCredentials>) | undefined {
  const read = (): AwsCredentials | undefined => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
    if (!accessKeyId || !secretAccessKey) return undefined
    const { AWS_SESSION_TOKEN: sessionToken, AWS_CREDENTIAL_EXPIRATION: expiration } = env
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      ...(expiration && { expiration: new Date(expiration) }),
    }
  }
  if (read() === undefined) return undefined
  return async () => {
    const credentials = read()
    if (credentials !== undefined) return credentials
    throw new SecretError("UNAUTHENTICATED", {
      message: "the keys have gone from the environment",
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    })
  }
}

function refuseIncomplete({ accessKeyId, secretAccessKey }: AwsCredentials): void {
  if (
    typeof accessKeyId === "string" &&
    typeof secretAccessKey === "string" &&
    accessKeyId &&
    secretAccessKey
  )
    return
  throw misconfigured("the credentials are incomplete", "give an accessKeyId and a secretAccessKey")
}

function checkEndpoint(given: string): string {
  const url = typeof given === "string" ? URL.parse(given) : null
  const hint = "write it as in https://secretsmanager.eu-west-1.amazonaws.com"
  if (url === null || !/^https?:$/.test(url.protocol))
    throw misconfigured("the endpoint is not an http or https URL", hint)
  if (url.username || url.password || url.search || url.hash)
    throw misconfigured("the endpoint has more than a host and a path", hint)
  return url.href.replace(/\/$/, "")
}

function isWord(text: unknown): boolean {
  return typeof text === "string" && /^\S{1,256}$/.test(text)
}

function tagsOf(tags: NonNullable<AwsOptions["tags"]>): NonNullable<NewSecret["Tags"]> {
  const isTag = (name: string, value: unknown) =>
    /^(?!aws:).{1,128}$/i.test(name) && typeof value === "string" && value.length <= 256
  const given = typeof tags === "object" && tags !== null ? Object.entries(tags) : undefined
  if (given?.every(([name, value]) => isTag(name, value)))
    return given.map(([Key, Value]) => ({ Key, Value }))
  throw misconfigured("tags are no texts under names", 'write them as in { team: "billing" }')
}

/** The setting as it stands in a URL, and as it stands in code. */
const RECOVERY = "recovery-window (recoveryWindow in code)"

function daysOf(window: Duration | "none"): number | undefined {
  if (window === "none") return undefined
  const days = parseDuration(window, RECOVERY) / 86_400_000
  if (Number.isInteger(days) && days >= 7 && days <= 30) return days
  throw misconfigured(
    `${RECOVERY} is no whole number of days from 7 to 30`,
    "write 7d, or none to delete for good",
  )
}

function locationOf(
  place: Pick<AwsStageOptions, "region" | "endpoint" | "profile" | "prefix" | "stage">,
): string {
  const { region, endpoint, profile, prefix, stage = CURRENT } = place
  const authority = region === undefined ? "" : `//${region}`
  // One that is not portable is refused in a moment, and is not to be printed.
  const path = prefix !== undefined && isPortableName(prefix) ? `/${prefix}` : ""
  const parameters = [
    ...(endpoint === undefined ? [] : [`endpoint=${endpoint.replaceAll(/[%&]/g, encodeURIComponent)}`]),
    ...(profile === undefined ? [] : [`profile=${encodeURIComponent(profile)}`]),
    ...(stage === CURRENT ? [] : [`stage=${encodeURIComponent(stage)}`]),
  ]
  return `aws:${authority}${path}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`
}
