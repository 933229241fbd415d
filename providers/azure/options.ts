import {
  misconfigured,
  type NameOptions,
  readServiceUrl,
  refuseUnknownOptions,
} from "../../src/core/index.ts"
import type { ClientSettings } from "./client.ts"
import type { AzureCredential, KeyVaultClient } from "./client-types.ts"
import { type AzureCloud, CLOUD_NAMES, type Place, placeOf } from "./places.ts"

/** What can be set about secrets in Azure Key Vault. One of `vault`, `vaultUrl` and `client` says which vault. */
export interface AzureOptions extends NameOptions {
  /** The name of the vault, `"my-vault"`, or its host, `"my-vault.vault.azure.cn"`. */
  readonly vault?: string | undefined
  /** The whole address, `"https://my-vault.vault.azure.net"`. */
  readonly vaultUrl?: string | undefined
  /** The cloud that the vault is in. Default: the one to which its host belongs, else `"public"`. */
  readonly cloud?: AzureCloud | undefined
  /** The client id of a managed or workload identity, where there are several. */
  readonly clientId?: string | undefined
  /** Gives the tokens: any credential of `@azure/identity`. Default: its `DefaultAzureCredential`. */
  readonly credential?: AzureCredential | undefined
  /**
   * A `SecretClient` to be used instead of one of our own. It is used as it is: switch off its retries, since
   * `Secrets` has its own. `close()` leaves it alone.
   */
  readonly client?: KeyVaultClient | undefined
  /** The authority to trust instead of the usual ones, in PEM, or the path of a file of it. */
  readonly ca?: string | undefined
  /** The version of the interface, for emulators that know older ones only: `"7.6"`. Default: what the SDK says. */
  readonly serviceVersion?: string | undefined
  /**
   * Gives the token to whoever asks for one in the place of the vault. For emulators, whose host is not that of Azure's
   * vaults. Default: false.
   */
  readonly disableChallengeResourceVerification?: boolean | undefined
}

/** Options as they are used. */
export interface CheckedOptions {
  readonly place: Place
  readonly naming: NameOptions
  readonly access: KeyVaultClient | ClientSettings
}

const OF_CONNECTIONS = [
  "cloud",
  "clientId",
  "credential",
  "ca",
  "serviceVersion",
  "disableChallengeResourceVerification",
] as const
const PLACES = ["vault", "vaultUrl", "client"] as const
const TEXTS = ["vault", "vaultUrl", "clientId", "ca", "serviceVersion"] as const

/** @throws SecretError `MISCONFIGURED` for an option that does not exist, or that says nothing here. */
export function checkOptions(options: AzureOptions): CheckedOptions {
  refuseUnknownOptions("azure()", options, [...PLACES, ...OF_CONNECTIONS, "prefix", "rename"])
  const { client, credential, cloud, clientId, ca, serviceVersion, prefix, rename } = options
  const { disableChallengeResourceVerification = false } = options

  const places = PLACES.filter(name => options[name] !== undefined)
  if (places.length !== 1)
    throw misconfigured("it takes one of vault, vaultUrl and client", 'azure({ vault: "my-vault" })')
  const beside = client && OF_CONNECTIONS.find(name => options[name] !== undefined)
  if (beside)
    throw misconfigured(`${beside} says nothing beside a client`, "set it where you make the client")
  for (const name of TEXTS)
    if (options[name] !== undefined && (typeof options[name] !== "string" || options[name] === ""))
      throw misconfigured(`${name} is not a text`, "leave it out, or give it a value")
  if (cloud !== undefined && !CLOUD_NAMES.includes(cloud))
    throw misconfigured("there is no such cloud", `there are ${CLOUD_NAMES.join(", ")}`)
  if (typeof disableChallengeResourceVerification !== "boolean")
    throw misconfigured("disableChallengeResourceVerification is neither true nor false", "leave it out")
  if (credential !== undefined && typeof credential?.getToken !== "function")
    throw misconfigured(
      "credential has no getToken()",
      "new DefaultAzureCredential() of @azure/identity, for example",
    )
  if (credential !== undefined && clientId !== undefined)
    throw misconfigured("clientId says nothing beside a credential", "set it where you make the credential")
  if (client !== undefined && typeof client?.getSecret !== "function")
    throw misconfigured("client is no SecretClient", "new SecretClient() of @azure/keyvault-secrets")

  const vault = options.vault ?? hostOf(options.vaultUrl ?? client?.vaultUrl ?? "")
  const place = placeOf(vault, cloud)
  const settings = { place, credential, clientId, ca, serviceVersion, disableChallengeResourceVerification }
  return { place, naming: { prefix, rename }, access: client ?? settings }
}

function hostOf(vaultUrl: string): string {
  const url = URL.canParse(vaultUrl) ? new URL(vaultUrl) : undefined
  const isPlain = url?.protocol === "https:" && url.href === `${url.origin}/`
  if (url === undefined || !isPlain)
    throw misconfigured("vaultUrl is not the address of a vault", "https://my-vault.vault.azure.net")
  // With the port, so that a host without a dot is not taken for the name of a vault.
  return url.port === "" ? `${url.hostname}:443` : url.host
}

const PARAMETERS = ["cloud", "client-id", "ca", "service-version", "disable-challenge-resource-verification"]

/**
 * The options in a URL: `azure://my-vault`, `azure://my-vault.vault.azure.cn`, `azure://127.0.0.1:8443` for an emulator,
 * with `cloud`, `client-id`, `ca` (a path), `service-version` and `disable-challenge-resource-verification`. The login
 * finds what it needs in the environment by itself.
 *
 * @throws SecretError `MISCONFIGURED` for anything else.
 */
export function fromUrl(url: URL, _env: Readonly<Record<string, string | undefined>>): AzureOptions {
  const { host, segments, naming, parameter, flag, refusal } = readServiceUrl(url, PARAMETERS)
  if (host === "") throw refusal("names no vault", "azure://my-vault")
  if (segments.length > 0)
    throw refusal("has a path", "a vault has no folders: put ?prefix= behind its name instead")
  return {
    ...naming,
    vault: host,
    // Which clouds there are is checked with the other options.
    cloud: parameter("cloud") as AzureCloud | undefined,
    clientId: parameter("client-id"),
    ca: parameter("ca"),
    serviceVersion: parameter("service-version"),
    disableChallengeResourceVerification: flag("disable-challenge-resource-verification"),
  }
}
