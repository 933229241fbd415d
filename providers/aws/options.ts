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
  readonly naming: NameOptions
  /** A URL that {@link fromUrl} reads back, and that is safe to print. */
  readonly location: string
}

const CONNECTION = ["region", "endpoint", "profile", "credentials"] as const

/**
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or that Secrets Manager does not understand. No
 * message quotes a value.
 */
export function checkOptions(options: AwsOptions): CheckedOptions {
  refuseUnknownOptions("aws()", options, [...CONNECTION, "client", "recoveryWindow", "prefix", "rename"])
  const { region, profile, credentials, client, prefix, rename } = options
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

  const endpoint = options.endpoint === undefined ? undefined : checkEndpoint(options.endpoint)
  return {
    region,
    endpoint,
    profile,
    credentials,
    client,
    recoveryDays: daysOf(options.recoveryWindow ?? "30d"),
    naming: { prefix, rename },
    location: locationOf({ region, endpoint, profile, prefix }),
  }
}

/**
 * The options in a URL: `aws://eu-west-1`, `aws://eu-west-1/prod/tally`, where the path is the prefix, or `aws:`, where the
 * region is that of the environment. Parameters are `endpoint`, `profile` and `recovery-window`.
 *
 * Keys that stand in `env` are used as the SDK's chain does it: first, unless a profile is named.
 *
 * @param env the variables that stand in for a part of the URL: `AWS_REGION`, `AWS_PROFILE`,
 * `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
 * @throws SecretError `MISCONFIGURED` for anything else.
 */
export function fromUrl(url: URL, env: Readonly<Record<string, string | undefined>>): AwsOptions {
  const { host, segments, naming, parameter, refusal } = readServiceUrl(url, [
    "endpoint",
    "profile",
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

function daysOf(window: Duration | "none"): number | undefined {
  if (window === "none") return undefined
  const days = parseDuration(window, "recoveryWindow") / 86_400_000
  if (Number.isInteger(days) && days >= 7 && days <= 30) return days
  throw misconfigured(
    "recoveryWindow is no whole number of days from 7 to 30",
    'write "7d", or "none" to delete for good',
  )
}

function locationOf(place: Pick<AwsOptions, "region" | "endpoint" | "profile" | "prefix">): string {
  const { region, endpoint, profile, prefix } = place
  const authority = region === undefined ? "" : `//${region}`
  // One that is not portable is refused in a moment, and is not to be printed.
  const path = prefix !== undefined && isPortableName(prefix) ? `/${prefix}` : ""
  const parameters = [
    ...(endpoint === undefined ? [] : [`endpoint=${endpoint.replaceAll(/[%&]/g, encodeURIComponent)}`]),
    ...(profile === undefined ? [] : [`profile=${encodeURIComponent(profile)}`]),
  ]
  return `aws:${authority}${path}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`
}
