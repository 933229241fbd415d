import {
  misconfigured,
  type NameOptions,
  readServiceUrl,
  refuseUnknownOptions,
  type SecretError,
} from "../../src/core/index.ts"
import { hasKeyForEach, keysOf } from "./new-secret.ts"
import type { GcpAuthClient, GcpClient } from "./sdk.ts"

/** What can be set about secrets in Google Secret Manager. */
export interface GcpOptions extends NameOptions {
  /** The id or the number of the project. It is never looked for: that would ask the metadata server. */
  readonly project: string
  /** The region of regional secrets: `"europe-west1"`. Default: the global ones. */
  readonly location?: string | undefined
  /**
   * Which version is the current one: `"latest"`, the one that was made last, also if it is disabled, or an alias that
   * the secrets have, `"current"`. With an alias, a write moves it. Default: `"latest"`.
   */
  readonly version?: string | undefined
  /** Where the values of new global secrets are kept: `["europe-west1", "europe-west4"]`. Default: Google decides. */
  readonly replication?: readonly string[] | undefined
  /**
   * The keys of one's own with which the values of new secrets are encrypted: `"projects/…/locations/…/keyRings/…/cryptoKeys/…"`.
   * One for each place in which they are kept: those of `replication`, `location`, or else one of the location `global`.
   * Default: Google's keys.
   */
  readonly kmsKey?: string | readonly string[] | undefined
  /** Labels of new secrets: `{ team: "forms" }`. They are no secrets: whoever may list sees them. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Host and port of another server than the service's own: `"127.0.0.1:8085"`. */
  readonly endpoint?: string | undefined
  /** Speaks to `endpoint` without TLS and without credentials: for emulators. Default: `false`. */
  readonly insecure?: boolean | undefined
  /** The certificates of the authorities to trust instead of those that Node knows: PEM, or the path of a file of it. */
  readonly ca?: string | undefined
  /** The content of a key file, of the type `service_account` or `authorized_user`. */
  readonly credentials?: Readonly<Record<string, unknown>> | undefined
  /** The path of such a file. It is read again when the service refuses what it held before. */
  readonly keyFilename?: string | undefined
  /** A client of `google-auth-library`. Default: Application Default Credentials. */
  readonly authClient?: GcpAuthClient | undefined
  /** A whole client of the SDK's, which stays the caller's: it is not closed. */
  readonly client?: GcpClient | undefined
}

const OPTIONS: readonly (keyof GcpOptions)[] = [
  "project",
  "location",
  "version",
  "replication",
  "kmsKey",
  "labels",
  "endpoint",
  "insecure",
  "ca",
  "credentials",
  "keyFilename",
  "authClient",
  "client",
  "prefix",
  "rename",
]

/** A key of Cloud KMS, without a version of it. */
const KEY =
  /^projects\/[a-z0-9][a-z0-9.:-]*\/locations\/[a-z0-9-]+\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/
/** "Label keys must be between 1 and 63 characters long […] values between 0 and 63" (reference of `projects.secrets`). */
const LABEL = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u
const MOST_LABELS = 64

const PLACE = /^[a-z][a-z0-9-]{0,62}$/

/** Which options are texts, and of which form. */
const FORMS: Readonly<Record<string, readonly [form: RegExp, example: string]>> = {
  project: [
    /^[a-z0-9][a-z0-9.:-]{0,127}$/,
    'the id of a project: gcp://my-project (project: "my-project" in code)',
  ],
  location: [PLACE, `a region: ${spelled("location", "europe-west1")}`],
  version: [/^[A-Za-z][\w-]{0,62}$/, `latest, or an alias of a version: ${spelled("version", "current")}`],
  endpoint: [
    /^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/,
    `host and port: ${spelled("endpoint", "127.0.0.1:8085")}`,
  ],
  ca: [/./s, `the path of a file (in code PEM, too): ${spelled("ca", "/etc/ssl/ca.pem")}`],
  keyFilename: [/./s, 'the path of a file: keyFilename: "/etc/app/key.json"'],
}

/** Options that say the same in different ways, or nothing beside each other. */
const EXCLUSIVE: readonly (readonly [keyof GcpOptions, readonly (keyof GcpOptions)[]])[] = [
  ["client", ["endpoint", "insecure", "ca", "credentials", "keyFilename", "authClient"]],
  ["insecure", ["ca", "credentials", "keyFilename", "authClient"]],
  ["authClient", ["credentials", "keyFilename"]],
  ["credentials", ["keyFilename"]],
  ["location", ["replication"]],
]

/**
 * The options, once they are known to make sense.
 *
 * @throws SecretError `MISCONFIGURED`, without quoting any value
 */
export function checkOptions(options: GcpOptions): GcpOptions {
  refuseUnknownOptions("gcp()", options, OPTIONS)
  for (const [name, [form, example]] of Object.entries(FORMS)) {
    const value = options[name as keyof GcpOptions]
    if (value === undefined && name !== "project") continue
    if (typeof value !== "string" || !form.test(value))
      throw unusable(`its ${name} is not one`, `write ${example}`)
  }
  const { replication, insecure, endpoint } = options
  const isList = Array.isArray(replication) && replication.length > 0
  if (replication !== undefined && !(isList && replication.every(place => PLACE.test(place))))
    throw unusable(
      "its replication names no regions",
      'write replication=europe-west1,europe-west4 in the URL (replication: ["europe-west1", "europe-west4"] in code)',
    )
  refuseOthersThanKeys(options)
  refuseOthersThanLabels(options.labels)
  if (insecure !== undefined && typeof insecure !== "boolean")
    throw unusable("its insecure is neither true nor false", "leave it out")
  if (insecure && endpoint === undefined)
    throw unusable("it is insecure, and names no endpoint", "the service itself is spoken to with TLS only")
  for (const [one, others] of EXCLUSIVE) {
    const other = others.find(name => options[name] !== undefined && options[name] !== false)
    if (options[one] !== undefined && options[one] !== false && other !== undefined)
      throw unusable(`it was given both ${one} and ${other}`, "keep one of them")
  }
  return options
}

/**
 * Where such a store is, safe to print: `gcp://my-project?location=europe-west1&version=current`.
 *
 * @param options as {@link checkOptions} gave them back.
 */
export function locationOf({ project, location, version, endpoint, insecure }: GcpOptions): string {
  const parameters = [
    location && `location=${location}`,
    version && `version=${version}`,
    endpoint && `endpoint=${endpoint}`,
    insecure && "insecure=true",
  ].filter(Boolean)
  return `gcp://${project}${parameters.length > 0 ? "?" : ""}${parameters.join("&")}`
}

/**
 * The options in a URL: `gcp://my-project`, `gcp://my-project?location=europe-west1`. Without a project, `gcp:`, it is
 * that of `GOOGLE_CLOUD_PROJECT`, or of `GCLOUD_PROJECT`.
 *
 * @throws SecretError `MISCONFIGURED` for parameters that do not exist, for a path, and where there is no project
 */
export function fromUrl(url: URL, env: Readonly<Record<string, string | undefined>>): GcpOptions {
  const { host, segments, naming, parameter, flag, refusal } = readServiceUrl(url, [
    "location",
    "version",
    "replication",
    "kmsKey",
    "endpoint",
    "insecure",
    "ca",
  ])
  if (segments.length > 0) {
    throw refusal(
      "has a path",
      "behind gcp:// stands a project, and the rest is ?location=, ?prefix= and others",
    )
  }
  const project = host || env.GOOGLE_CLOUD_PROJECT || env.GCLOUD_PROJECT
  if (!project) {
    throw refusal(
      "names no project, and neither does the environment",
      "write gcp://my-project, or set GOOGLE_CLOUD_PROJECT",
    )
  }
  return {
    ...naming,
    project,
    location: parameter("location"),
    version: parameter("version"),
    replication: parameter("replication")?.split(","),
    kmsKey: parameter("kmsKey")?.split(","),
    endpoint: parameter("endpoint"),
    insecure: flag("insecure"),
    ca: parameter("ca"),
  }
}

/** A setting as it stands in a URL, and as it stands in code. */
function spelled(name: string, value: string): string {
  return `${name}=${value} in the URL (${name}: "${value}" in code)`
}

function refuseOthersThanKeys(options: GcpOptions): void {
  const { kmsKey } = options
  if (kmsKey === undefined) return
  const isText = typeof kmsKey === "string" || Array.isArray(kmsKey)
  if (!isText || !keysOf(kmsKey).every(key => typeof key === "string" && KEY.test(key))) {
    throw unusable(
      "its kmsKey is no name of a key",
      `write ${spelled("kmsKey", "projects/my-project/locations/global/keyRings/my-ring/cryptoKeys/my-key")}`,
    )
  }
  if (!hasKeyForEach(options)) {
    throw unusable(
      "its kmsKey has not one key for each place",
      "a key is of the place that it encrypts in: the location, each of replication, or global where Google decides",
    )
  }
}

function refuseOthersThanLabels(labels: unknown): void {
  if (labels === undefined) return
  const entries = typeof labels === "object" && labels !== null ? Object.entries(labels) : []
  const isGood = entries.every(
    ([label, value]) => LABEL.test(label) && typeof value === "string" && LABEL_VALUE.test(value),
  )
  if (entries.length === 0 || entries.length > MOST_LABELS || !isGood) {
    throw unusable(
      "its labels are none",
      'write labels: { team: "forms" }: up to 64, of lower-case letters, digits, "_" and "-"',
    )
  }
}

function unusable(message: string, hint: string): SecretError {
  return misconfigured(`gcp cannot be used so: ${message}`, hint)
}
