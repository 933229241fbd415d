import { aws } from "../../../../providers/aws/index.ts"
import { azure } from "../../../../providers/azure/index.ts"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import { gcp } from "../../../../providers/gcp/index.ts"
import { vault } from "../../../../providers/vault/index.ts"
import type { JournalKeeper, RotationLedger, SecretStore } from "../../../../src/core/index.ts"
import { journalIn } from "../../../../src/rotation/index.ts"

/** A store as a process of its own is told of it. */
export type StoreConfig =
  | { readonly is: "dotenv"; readonly path: string }
  | { readonly is: "vault"; readonly address: string; readonly mount: string; readonly token: string }
  | {
      readonly is: "aws"
      readonly endpoint: string
      readonly region: string
      readonly accessKeyId: string
      readonly secretAccessKey: string
    }
  | {
      readonly is: "azure"
      readonly vaultUrl: string
      /** The address of the vault itself, where `vaultUrl` is that of a wire to it: by it replicas mean the same secret. */
      readonly knownAs?: string
      readonly ca: string
      readonly token: string
      /** The `.env` beside which journals are kept. */
      readonly journals: string
    }
  | { readonly is: "gcp"; readonly endpoint: string; readonly project: string; readonly alias?: string }

/** A store, and where its journals are if it keeps none. */
export interface ConfiguredStore {
  readonly store: SecretStore
  readonly journals?: JournalKeeper
  close(): Promise<void>
}

/** Opens a store that somebody else has set up. */
export function openConfigured(config: StoreConfig): ConfiguredStore {
  switch (config.is) {
    case "dotenv":
      return closing(dotenv(config.path))
    case "vault": {
      const { address, mount, token } = config
      return closing(vault({ kv: 2, address, mount, auth: { method: "token", token } }))
    }
    case "aws": {
      const { endpoint, region, accessKeyId, secretAccessKey } = config
      return closing(aws({ endpoint, region, credentials: { accessKeyId, secretAccessKey } }))
    }
    case "azure":
      return azureStore(config)
    case "gcp": {
      const { endpoint, project, alias } = config
      return closing(
        gcp({ endpoint, project, insecure: true, ...(alias === undefined ? {} : { version: alias }) }),
      )
    }
  }
}

function azureStore({
  vaultUrl,
  knownAs = vaultUrl,
  ca,
  token,
  journals,
}: Extract<StoreConfig, { readonly is: "azure" }>): ConfiguredStore {
  const expiresOnTimestamp = Date.now() + 3_600_000
  const credential = { getToken: async () => ({ token, expiresOnTimestamp }) }
  const at = (url: string) =>
    azure({ vaultUrl: url, ca, credential, disableChallengeResourceVerification: true })
  const store = at(vaultUrl)
  // Asked where secrets are, and nothing else, so that it has no connection.
  const known = at(knownAs)
  const ledger = (): RotationLedger => {
    const { placeOf } = known.rotation()
    return { ...store.rotation(), ...(placeOf === undefined ? {} : { placeOf }) }
  }
  const beside = dotenv({ path: journals, optional: true })
  return {
    store: { ...store, rotation: ledger },
    journals: journalIn(beside, { of: known }),
    async close() {
      await Promise.all([store.close(), known.close(), beside.close()])
    },
  }
}

function closing(store: SecretStore): ConfiguredStore {
  return { store, close: async () => await store.close() }
}
