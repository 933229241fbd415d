import {
  type CallOptions,
  type ReadOptions,
  SecretError,
  type SecretInfo,
  type SecretValue,
  type StoreCapabilities,
  type StoredSecret,
  type VersionInfo,
  type WriteOptions,
} from "../../src/core/index.ts"
import { nothingSaid } from "./client.ts"
import type { Connection } from "./connection.ts"
import { VaultFailure } from "./failure.ts"
import { namesIn } from "./folders.ts"
import { dateOf, fieldsOf, labelsOf, numberOf } from "./json.ts"
import { encoded, shell } from "./names.ts"
import { mapOf, valueIn } from "./value.ts"

/** The operations of the key-value engine, version 2 ("KV secrets engine - version 2 (API)"). */
export interface Kv2 {
  readonly capabilities: StoreCapabilities
  read(name: string, options: ReadOptions): Promise<StoredSecret>
  write(name: string, value: SecretValue, options: WriteOptions): Promise<VersionInfo>
  list(options: CallOptions & { readonly under?: string }): AsyncIterable<SecretInfo>
  versions(name: string, options: CallOptions): AsyncIterable<VersionInfo>
  delete(name: string, options: CallOptions): Promise<void>
}

/** Keeps versions, has check-and-set, and deletes softly where somebody else asks it to. */
export function kv2({ ask }: Connection, mount: string, prefix: string | undefined): Kv2 {
  const data = (name: string) => `${encoded(mount)}/data/${encoded(name)}`
  const metadata = (name: string) => `${encoded(mount)}/metadata/${encoded(name)}`

  return {
    capabilities: {
      preconditions: { absent: true, version: true },
      versionedReads: true,
      batchSize: 1,
      binary: false,
      expiry: false,
      softDelete: false,
      local: false,
    },
    async read(name, { version, signal }) {
      if (version !== undefined && !isVersion(version))
        throw new SecretError("NOT_FOUND", { message: "there is no such version", hint: NO_VERSION })
      const query = version === undefined ? "" : `?version=${version}`
      const { json, text } = await ask("GET", data(name) + query, signal).catch(thrown => {
        throw deletedOf(thrown, mount, name) ?? thrown
      })
      const found = fieldsOf(json.data)
      // What somebody kept in an engine of version 1, in the form of version 2.
      if (fieldsOf(found?.data) !== undefined && found?.metadata === undefined)
        throw new VaultFailure({ status: 200, reason: "unversioned-mount" })
      const about = aboutVersion(found?.metadata)
      const value = valueIn(text, answer => fieldsOf(answer.data)?.data)
      return { value, version: about.version, ...about.dates, ...about.labels }
    },
    async write(name, value, { expect, signal }) {
      if (expect !== undefined && expect !== "absent" && !isVersion(expect))
        throw new SecretError("CONFLICT", { message: "another version is the current one" })
      const cas = expect === "absent" ? 0 : expect === undefined ? undefined : Number(expect)
      const body = { data: mapOf(value), ...(cas !== undefined && { options: { cas } }) }
      const { json, text } = await ask("POST", data(name), signal, body)
      if (text === "") throw new VaultFailure({ status: 204, reason: "misplaced" })
      const { version, dates } = aboutVersion(json.data)
      return { version, current: true, readable: true, ...dates }
    },
    list: ({ under, signal }) => namesIn(ask, `${mount}/metadata`, signal, under, prefix),
    async *versions(name, { signal }) {
      const { json } = await ask("GET", metadata(name), signal)
      const about = fieldsOf(json.data)
      const found = fieldsOf(about?.versions)
      if (found === undefined) throw new VaultFailure({ status: 200, reason: "odd-answer" })
      const all = Object.entries(found)
      if (all.length === 0) throw new SecretError("NOT_FOUND")
      for (const [version, one] of all.sort(([a], [b]) => Number(b) - Number(a))) {
        const { dates, readable } = aboutVersion({ version: Number(version), ...fieldsOf(one) })
        yield { version, current: Number(version) === about?.current_version, readable, ...dates }
      }
    },
    async delete(name, { signal }) {
      // Deleting says nothing of what is not there.
      await ask("GET", metadata(name), signal)
      nothingSaid(await ask("DELETE", metadata(name), signal))
    },
  }
}

const NO_VERSION = "versions of this engine are numbers from 1: vault kv metadata get shows them"

/** A number that the engine gives: 0 would mean the current one to a read, and none at all to a write. */
function isVersion(version: string): boolean {
  return /^[1-9]\d{0,14}$/.test(version)
}

/** What the engine says about a version. @throws VaultFailure if it says nothing: then it is not the engine */
function aboutVersion(thing: unknown): {
  readonly version: string
  readonly readable: boolean
  readonly dates: { readonly createdAt?: Date; readonly expiresAt?: Date }
  readonly labels: { readonly labels?: Readonly<Record<string, string>> }
} {
  const about = fieldsOf(thing)
  const version = numberOf(about?.version)
  if (version === undefined) throw new VaultFailure({ status: 200, reason: "odd-answer" })
  const createdAt = dateOf(about?.created_time)
  // Set in advance where the engine deletes versions of a certain age.
  const deletedAt = dateOf(about?.deletion_time)
  const labels = labelsOf(about?.custom_metadata)
  return {
    version: String(version),
    readable: about?.destroyed !== true && (deletedAt === undefined || deletedAt.getTime() > Date.now()),
    dates: { ...(createdAt && { createdAt }), ...(deletedAt && { expiresAt: deletedAt }) },
    labels: labels === undefined ? {} : { labels },
  }
}

/** A version that is deleted, and the way back. The one before it is never read in its place. */
function deletedOf(thrown: unknown, mount: string, name: string): SecretError | undefined {
  if (!(thrown instanceof VaultFailure) || thrown.status !== 404 || thrown.deleted === undefined)
    return undefined
  const { deleted, requestId } = thrown
  if (deleted.destroyed) {
    const hint = "it cannot be brought back: vault kv rollback makes an older version the current one"
    return new SecretError("NOT_FOUND", { message: "the version was destroyed", requestId, hint })
  }
  return new SecretError("NOT_FOUND", {
    message: "the version is deleted",
    requestId,
    hint: `to bring it back: vault kv undelete -mount=${shell(mount)} -versions=${deleted.version} ${shell(name)}`,
  })
}
