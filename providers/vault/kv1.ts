import {
  type CallOptions,
  type ReadOptions,
  type SecretInfo,
  type SecretValue,
  type StoreCapabilities,
  type StoredSecret,
  type VersionInfo,
  versionMaker,
  type WriteOptions,
} from "../../src/core/index.ts"
import { nothingSaid } from "./client.ts"
import type { Connection } from "./connection.ts"
import { VaultFailure } from "./failure.ts"
import { namesIn } from "./folders.ts"
import { encoded } from "./names.ts"
import { mapOf, valueIn } from "./value.ts"

/** The operations of the key-value engine, version 1 ("KV secrets engine - version 1 (API)"). */
export interface Kv1 {
  readonly capabilities: StoreCapabilities
  read(name: string, options: ReadOptions): Promise<StoredSecret>
  write(name: string, value: SecretValue, options: WriteOptions): Promise<VersionInfo>
  list(options: CallOptions & { readonly under?: string }): AsyncIterable<SecretInfo>
  delete(name: string, options: CallOptions): Promise<void>
}

/** Keeps one value for each name, and no versions: those are made here, and mean nothing to another process. */
export function kv1({ ask }: Connection, mount: string, prefix: string | undefined): Kv1 {
  const versionOf = versionMaker()
  const path = (name: string) => `${encoded(mount)}/${encoded(name)}`

  async function readValue(name: string, signal: AbortSignal): Promise<string> {
    try {
      const { text } = await ask("GET", path(name), signal)
      return valueIn(text, answer => answer.data)
    } catch (thrown) {
      if (thrown instanceof VaultFailure && thrown.status === 404) versionOf.forget(name)
      throw thrown
    }
  }

  return {
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: false,
      batchSize: 1,
      binary: false,
      expiry: false,
      softDelete: false,
      local: false,
    },
    async read(name, { signal }) {
      const value = await readValue(name, signal)
      return { value, version: versionOf(name, value) }
    },
    async write(name, value, { signal }) {
      nothingSaid(await ask("POST", path(name), signal, mapOf(value)))
      return { version: versionOf(name, value), current: true, readable: true }
    },
    list: ({ under, signal }) => namesIn(ask, mount, signal, under, prefix),
    async delete(name, { signal }) {
      // Deleting says nothing of what is not there.
      await readValue(name, signal)
      nothingSaid(await ask("DELETE", path(name), signal))
      versionOf.forget(name)
    },
  }
}
