import { randomUUID } from "node:crypto"
import {
  defineStore,
  type NameRule,
  SecretError,
  type SecretStore,
  type SecretValue,
  type StoreCapabilities,
  type StoreDefinition,
  type StoredSecret,
  type VersionInfo,
  valueOfBytes,
} from "../../src/core/index.ts"
import type { Harness } from "../../src/testing/index.ts"

/** The service behind the reference store: everything that the contract knows of. */
interface Held {
  readonly versions: StoredSecret[]
  disabled: boolean
  denied: boolean
}

const ALL: StoreCapabilities = {
  preconditions: { absent: true, version: true },
  versionedReads: true,
  batchSize: 7,
  binary: true,
  expiry: true,
  softDelete: false,
  local: true,
}

const NONE: StoreCapabilities = {
  preconditions: { absent: false, version: false },
  versionedReads: false,
  batchSize: 1,
  binary: false,
  expiry: false,
  softDelete: false,
  local: false,
}

/** Names as a case-folding service without slashes writes them. */
const rule: NameRule = {
  rule: "letters, digits and hyphens",
  toNative: portable => portable.replaceAll("/", "--"),
  toPortable: native => native.replaceAll("--", "/"),
  holds: native => /^[a-z0-9-]+$/.test(native),
  fold: native => native.toLowerCase(),
}

export interface ReferenceOptions {
  readonly capabilities?: Partial<StoreCapabilities>
  readonly largest?: number
  /** A value that the service cannot hold. Default: it holds all. */
  readonly cannotHold?: string
  /** Whether the harness can do no more than put. */
  readonly bareHarness?: boolean
  /** The optional operations that the store has. Default: all. */
  readonly operations?: readonly (keyof StoreDefinition)[]
}

const copyOf = (one: StoredSecret): StoredSecret =>
  typeof one.value === "string" ? one : { ...one, value: one.value.slice() }

/** A correct store in the memory of the process, and the means to change what it holds. */
export function reference(options: ReferenceOptions = {}): Harness & { readonly store: SecretStore } {
  const full = options.operations === undefined
  const capabilities = { ...(full ? ALL : NONE), ...options.capabilities }
  const held = new Map<string, Held>()
  const deleted = new Set<string>()
  const hints = new Set<(name?: string) => void>()
  const { largest } = options
  let stored = 0
  const changed = (name: string): void => {
    for (const hint of hints) hint(name)
  }

  const current = (name: string): StoredSecret => {
    const found = held.get(name)
    if (found?.denied) throw new SecretError("DENIED")
    const last = found?.versions.at(-1)
    if (found === undefined || last === undefined) throw new SecretError("NOT_FOUND")
    if (found.disabled) throw new SecretError("DISABLED")
    return copyOf(last)
  }
  const infoOf = (one: StoredSecret, all: readonly StoredSecret[]): VersionInfo => ({
    version: one.version,
    current: one === all.at(-1),
    readable: true,
    ...(one.createdAt && { createdAt: one.createdAt }),
  })
  const store = (name: string, value: SecretValue, expiresAt?: Date): VersionInfo => {
    const size = typeof value === "string" ? Buffer.byteLength(value) : value.length
    if (largest !== undefined && size > largest) throw new SecretError("INVALID_VALUE")
    if (value === options.cannotHold) throw new SecretError("INVALID_VALUE")
    const kept = held.get(name) ?? { versions: [], disabled: false, denied: false }
    const normal = typeof value === "string" ? value : valueOfBytes(value.slice())
    stored += 1
    const createdAt = new Date(stored * 1_000)
    if (kept.versions.at(-1)?.value !== normal || expiresAt !== undefined)
      kept.versions.push({ value: normal, version: randomUUID(), createdAt, ...(expiresAt && { expiresAt }) })
    held.set(name, kept)
    deleted.delete(name)
    changed(name)
    return infoOf(kept.versions.at(-1) as StoredSecret, kept.versions)
  }

  const definition = {
    kind: "reference",
    location: "reference:test",
    capabilities,
    names: rule,
    async read(name, { version }) {
      const last = current(name)
      const found =
        version === undefined ? last : held.get(name)?.versions.find(one => one.version === version)
      if (found === undefined) throw new SecretError("NOT_FOUND")
      return copyOf(found)
    },
    async readMany(names): Promise<ReadonlyMap<string, StoredSecret | SecretError>> {
      const answers = new Map<string, StoredSecret | SecretError>()
      for (const name of names) {
        try {
          answers.set(name, current(name))
        } catch (error) {
          answers.set(name, error as SecretError)
        }
      }
      return answers
    },
    async write(name, value, { expect, expiresAt }) {
      const last = held.get(name)?.versions.at(-1)
      if (capabilities.softDelete && deleted.has(name))
        throw new SecretError("CONFLICT", { hint: "recover it, or purge it" })
      if (expect === "absent" ? last !== undefined : expect !== undefined && last?.version !== expect)
        throw new SecretError("CONFLICT")
      return store(name, value, expiresAt)
    },
    async *list() {
      for (const name of held.keys()) yield { name }
    },
    async *versions(name) {
      current(name)
      const all = held.get(name)?.versions ?? []
      for (const one of all.toReversed()) yield infoOf(one, all)
    },
    async delete(name) {
      current(name)
      held.delete(name)
      deleted.add(name)
      changed(name)
    },
    async watch(hint, { signal }) {
      const own = (name?: string): void => hint(name)
      hints.add(own)
      signal.addEventListener("abort", () => hints.delete(own), { once: true })
    },
    async ping() {},
    async close() {
      hints.clear()
    },
  } satisfies StoreDefinition

  const missing = ["readMany", "write", "list", "versions", "delete", "watch"].filter(
    operation => !full && !options.operations?.includes(operation as keyof StoreDefinition),
  )
  const native = rule.toNative
  const harness: Harness = {
    store: defineStore({
      ...definition,
      ...Object.fromEntries(missing.map(operation => [operation, undefined])),
    } as StoreDefinition) as SecretStore,
    ...(largest !== undefined && { largest }),
    holds: value => value !== options.cannotHold,
    async put(name, value) {
      store(native(name), value)
    },
    async close() {},
  }
  if (options.bareHarness === true) return harness
  return {
    ...harness,
    async remove(name) {
      held.delete(native(name))
      changed(native(name))
    },
    async disable(name) {
      const found = held.get(native(name))
      if (found) found.disabled = true
    },
    async deny(name) {
      const found = held.get(native(name))
      if (found) found.denied = true
    },
    native: name => native(name).toUpperCase(),
  }
}
