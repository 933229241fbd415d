import {
  defineStore,
  isPortableName,
  type NameRule,
  nameMap,
  SecretError,
  type SecretValue,
  type StoreWith,
  systemClock,
  type VersionInfo,
} from "../../src/core/index.ts"
import { History, type NewVersion } from "./history.ts"
import { checkOptions, type MemoryOptions } from "./options.ts"
import { memoryLedger } from "./rotation.ts"

const LOCATION = "memory:"

/** Memory holds any name, so portable names stand for themselves. */
const names: NameRule = {
  rule: "any name without empty segments, dot segments and control characters",
  toNative: portable => portable,
  toPortable: native => (isPortableName(native) ? native : undefined),
  holds: () => true,
}

/** A store in memory, with what tests want to do to it beside. */
export type MemoryStore = StoreWith<
  "readMany" | "write" | "list" | "versions" | "delete" | "watch" | "rotation"
> & {
  /**
   * Switches a version off, or all that there are: reading it is `DISABLED`.
   *
   * @throws SecretError `NOT_FOUND`
   */
  disable(name: string, version?: string): void
  /** Switches it on again. @throws SecretError `NOT_FOUND` */
  enable(name: string, version?: string): void
}

/**
 * Secrets in the memory of this process: for tests, and to try things out. Can do all that a store can do: versions,
 * both preconditions of writes, bytes, dates of expiry (told, not enforced), watching, rotation.
 *
 * @param initial values by name, as the backend has them: prefix and renaming apply to names that are asked for.
 * @throws SecretError `MISCONFIGURED` for an option that does not exist, or a value that is neither text nor bytes;
 * `INVALID_NAME` for a name that nobody could ask for.
 */
export function memory(
  initial: Readonly<Record<string, SecretValue>> = {},
  options: MemoryOptions = {},
): MemoryStore {
  const { clock = systemClock, prefix, rename } = checkOptions(options)
  const naming = { prefix, rename }
  const histories = new Map<string, History>()
  const watchers = new Set<(name: string) => void>()
  const stops = new Set<() => void>()

  const now = (): Date => new Date(clock.wall())
  const historyOf = (name: string): History => histories.get(name) ?? new History()
  const changed = (name: string): void => {
    for (const hint of [...watchers]) hint(name)
  }

  const add = (name: string, version: NewVersion): VersionInfo => {
    const history = historyOf(name)
    const info = history.add(version)
    histories.set(name, history)
    changed(name)
    return info
  }

  const anyName = nameMap(names, {}, LOCATION)
  for (const [name, value] of Object.entries(initial)) {
    if (typeof value !== "string" && !(value instanceof Uint8Array)) {
      throw new SecretError("MISCONFIGURED", {
        secret: name,
        store: LOCATION,
        message: "the initial value is neither text nor bytes",
      })
    }
    const history = new History()
    history.add({ value, createdAt: now() })
    histories.set(anyName.canonical(name), history)
  }

  const store = defineStore({
    kind: "memory",
    location: LOCATION,
    names,
    naming,
    capabilities: {
      preconditions: { absent: true, version: true },
      versionedReads: true,
      batchSize: Number.MAX_SAFE_INTEGER,
      binary: true,
      expiry: true,
      softDelete: false,
      local: true,
    },
    async read(name, { version }) {
      return historyOf(name).read(version)
    },
    async readMany(asked) {
      return new Map(asked.map(name => [name, settle(() => historyOf(name).read(undefined))]))
    },
    async write(name, value, { expect, expiresAt }) {
      const history = historyOf(name)
      if (expect === "absent" && !history.isEmpty)
        throw new SecretError("CONFLICT", { message: "there is such a secret already" })
      if (expect !== undefined && expect !== "absent" && expect !== history.current)
        throw new SecretError("CONFLICT", { message: "another version is the current one" })
      return add(name, { value, createdAt: now(), expiresAt })
    },
    async *list() {
      for (const [name, history] of histories) if (!history.isEmpty) yield { name }
    },
    async *versions(name) {
      // Asks for the current one first: a secret that is missing is no secret without versions.
      if (historyOf(name).isEmpty) throw new SecretError("NOT_FOUND")
      yield* historyOf(name).infos()
    },
    async delete(name) {
      if (historyOf(name).isEmpty) throw new SecretError("NOT_FOUND")
      historyOf(name).clear()
      changed(name)
    },
    async watch(hint, { signal }) {
      const stop = () => {
        watchers.delete(hint)
        stops.delete(stop)
        signal.removeEventListener("abort", stop)
      }
      watchers.add(hint)
      stops.add(stop)
      signal.addEventListener("abort", stop, { once: true })
    },
    rotation: () =>
      memoryLedger(LOCATION, {
        historyOf,
        add: (name, value) => add(name, { value, createdAt: now() }).version,
      }),
    async ping() {},
    async close() {
      for (const stop of [...stops]) stop()
    },
  })

  const nativeNames = nameMap(names, naming, LOCATION)
  const switchTo = (disabled: boolean) => (name: string, version?: string) => {
    const native = nativeNames.toNative(name)
    historyOf(native).switch(version, disabled)
    changed(native)
  }
  return Object.freeze({ ...store, disable: switchTo(true), enable: switchTo(false) })
}

/** What a call returns, or the `SecretError` that it throws. */
function settle<T>(call: () => T): T | SecretError {
  try {
    return call()
  } catch (thrown) {
    if (thrown instanceof SecretError) return thrown
    throw thrown
  }
}
