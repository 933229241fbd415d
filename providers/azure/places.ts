import { misconfigured } from "../../src/core/index.ts"

/** The clouds that have vaults of their own. */
export type AzureCloud = "public" | "china" | "usgov" | "germany"

/**
 * Where vaults are, and where one logs in ("Azure Key Vault basic concepts" and "National clouds" of the Microsoft
 * identity platform). The German cloud is closed; its hosts stand here for those who still name it.
 */
const CLOUDS: Readonly<Record<AzureCloud, { readonly vaults: string; readonly login: string | undefined }>> =
  {
    // Not named, so that AZURE_AUTHORITY_HOST decides, as everywhere in Azure.
    public: { vaults: "vault.azure.net", login: undefined },
    china: { vaults: "vault.azure.cn", login: "https://login.chinacloudapi.cn" },
    usgov: { vaults: "vault.usgovcloudapi.net", login: "https://login.microsoftonline.us" },
    germany: { vaults: "vault.microsoftazure.de", login: "https://login.microsoftonline.de" },
  }

/** What the clouds are called. */
export const CLOUD_NAMES: readonly string[] = Object.keys(CLOUDS)

/** Where a vault is. */
export interface Place {
  /** `https://my-vault.vault.azure.net`, without a slash at the end. */
  readonly url: string
  /** `azure://my-vault`, or with the whole host where it is not in the public cloud. */
  readonly location: string
  /** Where one logs in, if not at the usual place. */
  readonly login: string | undefined
}

const HINT =
  "give the name of a vault, my-vault, or its host, my-vault.vault.azure.cn: azure://my-vault (vault in code)"

/**
 * Finds a vault by its name or host.
 *
 * @param vault `my-vault`, `my-vault.vault.azure.cn`, or `127.0.0.1:8443` for an emulator.
 * @param cloud Default: the one to which the host belongs, else the public one.
 * @throws SecretError `MISCONFIGURED`
 */
export function placeOf(vault: string, cloud: AzureCloud | undefined): Place {
  const isName = /^[a-z](?:-?[a-z0-9])+$/i.test(vault)
  if (isName && (vault.length < 3 || vault.length > 24))
    throw misconfigured("no vault can have this name", HINT)

  const text = `https://${isName ? `${vault}.${CLOUDS[cloud ?? "public"].vaults}` : vault}`
  if (!isName && (!/^[\w.:[\]-]*[.:][\w.:[\]-]*$/.test(vault) || !URL.canParse(text)))
    throw misconfigured("vault is neither a name nor a host", HINT)
  const { host, origin } = new URL(text)
  if (/\.managedhsm\./.test(host))
    throw misconfigured("a managed HSM holds keys, and no secrets", "name a vault instead")

  const home = (Object.keys(CLOUDS) as AzureCloud[]).find(one => host.endsWith(`.${CLOUDS[one].vaults}`))
  if (home !== undefined && cloud !== undefined && home !== cloud)
    throw misconfigured(
      "cloud is not the one to which the host of the vault belongs",
      `leave it out, or say "${home}"`,
    )
  const short = home === "public" ? host.slice(0, -CLOUDS.public.vaults.length - 1) : host
  return { url: origin, location: `azure://${short}`, login: CLOUDS[cloud ?? home ?? "public"].login }
}
