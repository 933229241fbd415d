import { nothingSaid } from "../client.ts"
import type { AskServer } from "../connection.ts"
import { VaultFailure } from "../failure.ts"
import { dateOf, fieldsOf, numberOf, textOf } from "../json.ts"
import { encoded } from "../names.ts"
import { mapIn, valueOfMap } from "../value.ts"

/** A version as it was found, with what it holds. */
export interface Found {
  readonly version: number
  readonly map: Readonly<Record<string, unknown>>
  readonly value: string
  /** When it was written, in milliseconds since 1970 by the server's clock; OpenBao gives whole seconds. */
  readonly createdAt: number | undefined
  /** When the engine will delete it by itself, in milliseconds since 1970; `undefined` if it will not. */
  readonly endsAt: number | undefined
}

/** What stands under a name. */
export interface Looked {
  /** Absent where nothing can be read: there is nothing, or it was deleted. */
  readonly found: Found | undefined
  /** What a check-and-set must name to write here: the number of the current version, also of one that was deleted. */
  readonly current: number
  /** Whether the current version was deleted or destroyed. */
  readonly deleted: boolean
  /** The server's time, in milliseconds since 1970. */
  readonly at: number | undefined
}

/** What the engine says about a secret as a whole. */
export interface About {
  readonly current: number
  /** When the first version since the last removal was written, in milliseconds since 1970. */
  readonly createdAt: number | undefined
  /** How many versions are kept of it; 0 where that is left to the mount. */
  readonly maxVersions: number
  /** Whether a version was not deleted, and will not be by itself. */
  isLasting(version: number): boolean
}

/** What is set for all secrets of a mount. */
export interface MountConfig {
  /** How many versions are kept; 0 for the engine's own ten. */
  readonly maxVersions: number
  /** After how many milliseconds every version is deleted; 0 for never. */
  readonly deleteVersionAfter: number
}

/** The requests of the key-value engine, version 2, that rotations are made of. Each is one request. @throws VaultFailure */
export interface Engine {
  look(name: string, signal: AbortSignal, version?: string): Promise<Looked>
  /** Writes a new version if the current one is `expect`; 0 for none. Gives the number of the new one. */
  put(
    name: string,
    map: Readonly<Record<string, unknown>>,
    expect: number,
    signal: AbortSignal,
  ): Promise<number>
  /** `undefined` where there is nothing. */
  about(name: string, signal: AbortSignal): Promise<About | undefined>
  config(signal: AbortSignal): Promise<MountConfig>
  /** Sets how many versions are kept of a secret, also of one that is not there yet. */
  keepVersions(name: string, count: number, signal: AbortSignal): Promise<void>
  /** Lets the time until the engine deletes a version begin anew. */
  prolong(name: string, version: number, signal: AbortSignal): Promise<void>
  /** Removes a secret with all its versions. Says nothing of one that is not there. */
  remove(name: string, signal: AbortSignal): Promise<void>
  /** The names of the secrets in a folder, without the folder. */
  list(folder: string, signal: AbortSignal): Promise<readonly string[]>
  /** What the server calls the mount, whatever its path, and whichever address it was reached by. */
  mountId(signal: AbortSignal): Promise<string>
  /** What the token may do with paths of the server's API, by path; `["root"]` for everything. */
  capabilities(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>>
}

/** The engine at a mount ("KV secrets engine - version 2 (API)"; "/sys/internal/ui/mounts"; "/sys/capabilities-self"). */
export function engineAt(ask: AskServer, mount: string): Engine {
  const data = (name: string) => `${encoded(mount)}/data/${encoded(name)}`
  const metadata = (name: string) => `${encoded(mount)}/metadata/${encoded(name)}`

  return {
    async look(name, signal, version) {
      const query = version === undefined ? "" : `?version=${version}`
      try {
        const { json, text, at } = await ask("GET", data(name) + query, signal)
        const about = fieldsOf(fieldsOf(json.data)?.metadata)
        const number = numberOf(about?.version)
        if (number === undefined) throw odd()
        const map = mapIn(text, answer => fieldsOf(answer.data)?.data)
        const endsAt = dateOf(about?.deletion_time)?.getTime()
        const dates = { createdAt: dateOf(about?.created_time)?.getTime(), endsAt }
        const found = { version: number, map, value: valueOfMap(map), ...dates }
        return { found, current: number, deleted: false, at }
      } catch (thrown) {
        if (!isNothing(thrown)) throw thrown
        const { deleted, at } = thrown
        return {
          found: undefined,
          current: Number(deleted?.version ?? 0),
          deleted: deleted !== undefined,
          at,
        }
      }
    },
    async put(name, map, expect, signal) {
      const { json, text } = await ask("POST", data(name), signal, { data: map, options: { cas: expect } })
      if (text === "") throw new VaultFailure({ status: 204, reason: "misplaced" })
      const version = numberOf(fieldsOf(json.data)?.version)
      if (version === undefined) throw odd()
      return version
    },
    async about(name, signal) {
      try {
        const about = fieldsOf((await ask("GET", metadata(name), signal)).json.data)
        const current = numberOf(about?.current_version)
        if (current === undefined) throw odd()
        return {
          current,
          createdAt: dateOf(about?.created_time)?.getTime(),
          maxVersions: numberOf(about?.max_versions) ?? 0,
          isLasting(version) {
            const one = fieldsOf(fieldsOf(about?.versions)?.[version])
            return one?.destroyed === false && dateOf(one.deletion_time) === undefined
          },
        }
      } catch (thrown) {
        if (isNothing(thrown)) return undefined
        throw thrown
      }
    },
    async config(signal) {
      const config = fieldsOf((await ask("GET", `${encoded(mount)}/config`, signal)).json.data)
      if (config === undefined) throw odd()
      return {
        maxVersions: numberOf(config.max_versions) ?? 0,
        deleteVersionAfter: goDuration(textOf(config.delete_version_after) ?? ""),
      }
    },
    async keepVersions(name, count, signal) {
      await ask("POST", metadata(name), signal, { max_versions: count })
    },
    async prolong(name, version, signal) {
      const path = `${encoded(mount)}/undelete/${encoded(name)}`
      nothingSaid(await ask("POST", path, signal, { versions: [version] }))
    },
    async remove(name, signal) {
      nothingSaid(await ask("DELETE", metadata(name), signal))
    },
    async list(folder, signal) {
      try {
        const { json } = await ask("GET", `${metadata(folder)}?list=true`, signal)
        const keys = fieldsOf(json.data)?.keys
        if (!Array.isArray(keys)) throw odd()
        return keys.filter((key): key is string => typeof key === "string")
      } catch (thrown) {
        if (isNothing(thrown)) return []
        throw thrown
      }
    },
    async mountId(signal) {
      const { json } = await ask("GET", `sys/internal/ui/mounts/${encoded(mount)}`, signal)
      const id = textOf(fieldsOf(json.data)?.uuid)
      if (id === undefined || !/^[\w-]{1,80}$/.test(id)) throw odd()
      return id
    },
    async capabilities(paths, signal) {
      const { json } = await ask("POST", "sys/capabilities-self", signal, { paths })
      const found = fieldsOf(json.data) ?? json
      const of = (path: string): readonly string[] => {
        const all = found[path]
        if (!Array.isArray(all)) throw odd()
        return all.filter(one => typeof one === "string")
      }
      return new Map(paths.map(path => [path, of(path)]))
    },
  }
}

/** Whether the engine says that there is nothing, or that it was deleted. */
function isNothing(thrown: unknown): thrown is VaultFailure {
  return thrown instanceof VaultFailure && thrown.status === 404 && thrown.reason === undefined
}

function odd(): VaultFailure {
  return new VaultFailure({ status: 200, reason: "odd-answer" })
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** A duration as the server writes it (Go's `time.Duration`): "768h0m0s", in milliseconds. Below zero, it is none. */
function goDuration(text: string): number {
  if (text.startsWith("-")) return 0
  return Array.from(text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)).reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  )
}
