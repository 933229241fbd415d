import {
  defineStore,
  SecretError,
  type StoredSecret,
  type StoreWith,
  type VersionInfo,
} from "../../src/core/index.ts"
import type { KeyVaultProperties, KeyVaultSecret } from "./client-types.ts"
import { connectionTo } from "./connection.ts"
import { azureErrors } from "./errors.ts"
import { KeyVaultFailure } from "./failure.ts"
import { refuseExpiry, refuseTooLong } from "./limits.ts"
import { NOBODYS_NAME, secretNames } from "./names.ts"
import { oneAtATime } from "./one-at-a-time.ts"
import { type AzureOptions, checkOptions } from "./options.ts"
import { removeSecret } from "./remove.ts"
import { azureLedger } from "./rotation/ledger.ts"

/** The ids that the vault gives to versions. */
const VERSION = /^[0-9a-f]{32}$/i

/**
 * Secrets in Azure Key Vault: `tally/api-token` is the secret `tally--api-token`. The SDK is loaded, and the login
 * made, at the first call.
 *
 * Versions are the ids that the vault gives. The current one is what a read without a version says and nothing else:
 * the vault lists versions in no order, and several may be made in one second.
 *
 * Errors beside the usual: `DISABLED` for a secret, or a version, that is switched off; `CONFLICT` for a write to a name
 * whose secret is deleted and not yet purged, and for one that met another one from elsewhere; `INVALID_VALUE` for a value
 * of more than 25,600 characters, or an `expiresAt` after 2038-01-19, which the SDK cannot write; `UNAVAILABLE` for a vault whose
 * firewall does not let this network in.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or says nothing here.
 */
export function azure(
  options: AzureOptions,
): StoreWith<"write" | "list" | "versions" | "delete" | "rotation"> {
  const { place, naming, access } = checkOptions(options)
  const connection = connectionTo(access)
  const inTurn = oneAtATime()
  const ledger = azureLedger({ place, connection, inTurn })

  const secret = async (name: string, signal: AbortSignal, version?: string): Promise<KeyVaultSecret> => {
    const which = version === undefined ? {} : { version }
    return await connection.call(signal, (client, call) => client.getSecret(name, { ...call, ...which }))
  }

  return defineStore({
    kind: "azure",
    location: place.location,
    names: secretNames,
    naming,
    errors: azureErrors,
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: true,
      batchSize: 1,
      binary: false,
      expiry: true,
      softDelete: true,
      local: false,
    },
    async read(name, { signal, version }) {
      // The SDK takes an empty version for none, and the vault answers 400 to what is none, as it does to much else.
      if (version !== undefined && !VERSION.test(version)) throw noVersion()
      return stored(name, await secret(name, signal, version))
    },
    async write(name, value, { signal, expiresAt }) {
      const text = String(value)
      refuseTooLong(text)
      refuseExpiry(expiresAt)
      const expiry = expiresAt === undefined ? {} : { expiresOn: expiresAt }
      const written = await inTurn(name, signal, () =>
        connection.call(signal, (client, call) => client.setSecret(name, text, { ...call, ...expiry })),
      )
      const { version } = stored(name, written)
      return versionInfo(written.properties, version)
    },
    async *list({ signal }) {
      for await (const properties of connection.each(signal, (client, call) =>
        client.listPropertiesOfSecrets(call),
      )) {
        // The secret behind a certificate is written through the certificate; a secret that is off cannot be read.
        if (properties.managed !== true && properties.enabled !== false)
          yield { name: properties.name, ...about(properties) }
      }
    },
    async *versions(name, { signal }) {
      const current = await currentVersion(() => secret(name, signal))
      const infos: VersionInfo[] = []
      for await (const properties of connection.each(signal, (client, call) =>
        client.listPropertiesOfSecretVersions(name, call),
      ))
        infos.push(versionInfo(properties, current))
      yield* infos.sort(newestFirst)
    },
    async delete(name, { signal }) {
      await removeSecret(connection, inTurn, name, signal)
    },
    rotation: () => ledger,
    async ping({ signal }) {
      try {
        stored(NOBODYS_NAME, await secret(NOBODYS_NAME, signal))
      } catch (thrown) {
        const code = azureErrors(thrown, "ping")?.code
        // Whoever is told that he may not, or that there is none, has been let in.
        if (code !== "NOT_FOUND" && code !== "DENIED" && code !== "DISABLED") throw thrown
      }
    },
    close: () => connection.close(),
  })
}

function stored(name: string, { value, properties }: KeyVaultSecret): StoredSecret {
  const { version } = properties
  // What answers with another secret, or with none, is a proxy or an emulator that has lost its way.
  if (typeof value !== "string" || !version || properties.name.toLowerCase() !== name)
    throw new KeyVaultFailure({ mishap: "unreadable" })
  return { value, version, ...about(properties) }
}

/** The id of the current version; `undefined` if that is switched off: the vault does not say then which it is. */
async function currentVersion(read: () => Promise<KeyVaultSecret>): Promise<string | undefined> {
  try {
    return (await read()).properties.version
  } catch (thrown) {
    if (azureErrors(thrown, "versions")?.code === "DISABLED") return undefined
    throw thrown
  }
}

function versionInfo(properties: KeyVaultProperties, current: string | undefined): VersionInfo {
  const { version, enabled, createdOn, expiresOn } = properties
  if (!version) throw new KeyVaultFailure({ mishap: "unreadable" })
  return {
    version,
    current: version === current,
    // The vault gives values before their nbf and after their exp, too.
    readable: enabled !== false,
    ...(createdOn && { createdAt: createdOn }),
    ...(expiresOn && { expiresAt: expiresOn }),
  }
}

function about({ createdOn, expiresOn, tags }: KeyVaultProperties): Omit<StoredSecret, "value" | "version"> {
  return {
    ...(createdOn && { createdAt: createdOn }),
    ...(expiresOn && { expiresAt: expiresOn }),
    ...(tags && { labels: { ...tags } }),
  }
}

/** For display; of several in one second the current one comes first. */
function newestFirst(a: VersionInfo, b: VersionInfo): number {
  const later = (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0)
  return later === 0 ? Number(b.current) - Number(a.current) : later
}

function noVersion(): SecretError {
  return new SecretError("NOT_FOUND", { message: "there is no such version" })
}
