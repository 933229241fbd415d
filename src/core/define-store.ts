import { withWayOn } from "./after-conflict.ts"
import { backendCalls } from "./backend-calls.ts"
import { defineLedger, type NativeLedger } from "./define-ledger.ts"
import { isSecretError, SecretError } from "./error.ts"
import { type ErrorTable, rebuild } from "./foreign.ts"
import { type NameOptions, type NameRule, nameMap } from "./name-map.ts"
import { isUnder } from "./names.ts"
import {
  refuseUnfitValue,
  refuseUnsupportedRead,
  refuseUnsupportedWrite,
  type ValueLimits,
} from "./refusals.ts"
import type { RotationLedger } from "./rotation-ledger.ts"
import type {
  CallOptions,
  ReadOptions,
  SecretInfo,
  SecretStore,
  SecretValue,
  StoreCapabilities,
  StoredSecret,
  StoreWith,
  VersionInfo,
  WatchOptions,
  WriteOptions,
} from "./store.ts"

/** The optional operations of a backend, in its own names. See {@link SecretStore} for what each promises. */
export interface NativeOperations {
  readMany(
    names: readonly string[],
    options: CallOptions,
  ): Promise<ReadonlyMap<string, StoredSecret | SecretError>>
  write(name: string, value: SecretValue, options: WriteOptions): Promise<VersionInfo>
  /**
   * Everything there is, or at least what begins with `under`, in the backend's own spelling; the wrapper hides,
   * translates and filters.
   */
  list(options: CallOptions & { readonly under?: string }): AsyncIterable<SecretInfo>
  versions(name: string, options: CallOptions): AsyncIterable<VersionInfo>
  delete(name: string, options: CallOptions): Promise<void>
  watch(hint: (name?: string) => void, options: WatchOptions): Promise<void>
  /**
   * What the backend does for the rotation of its secrets. Asked for once, when somebody rotates.
   *
   * @throws SecretError where it depends on how the store was made whether it can be done
   */
  rotation(): NativeLedger
}

/** What a backend gives to {@link defineStore}. It sees only its own names, and may throw its service's errors. */
export interface StoreDefinition extends Partial<NativeOperations> {
  readonly kind: string
  readonly location: string
  readonly capabilities: StoreCapabilities
  /** Which values it holds; others are refused before a write is called. Default: of any size. */
  readonly values?: ValueLimits
  /** How portable names and the backend's own belong together. */
  readonly names: NameRule
  /** The user's prefix and renaming. */
  readonly naming?: NameOptions | undefined
  /** From the service's errors to ours. Default: the backend throws nothing but `SecretError`. */
  readonly errors?: ErrorTable
  read(name: string, options: ReadOptions): Promise<StoredSecret>
  ping(options: CallOptions): Promise<void>
  close(): Promise<void>
}

/** The store that a definition makes: it has just those optional operations that the definition has. */
export type DefinedStore<D extends StoreDefinition> = StoreWith<
  {
    [K in keyof NativeOperations]: D[K] extends (...rest: never[]) => unknown ? K : never
  }[keyof NativeOperations]
>

/**
 * Makes a {@link SecretStore} of the part that is special to a backend. Done here, once for all backends: names in
 * both directions, prefix and renaming, the reserved segment, refusal of what the capabilities do not promise and of
 * values that are too large, signals that have aborted, and the rebuilding of errors.
 *
 * @throws SecretError `MISCONFIGURED` when the names do not map injectively and back, or a batch holds no name.
 */
export function defineStore<const D extends StoreDefinition>(definition: D): DefinedStore<D> {
  const { kind, location, capabilities } = definition
  const names = nameMap(definition.names, definition.naming, location)
  if (!(capabilities.batchSize >= 1)) {
    throw new SecretError("MISCONFIGURED", {
      store: location,
      message: "capabilities.batchSize is not a number of at least 1",
      hint: "a backend without readMany says 1",
    })
  }

  const calls = backendCalls(definition)
  const { run, each } = calls

  /** One refused name does not sink the others that are asked for with it. */
  const nativeOrError = (name: string): string | SecretError => {
    try {
      return names.toNative(name)
    } catch (thrown) {
      return rebuild(thrown, { secret: name, store: location })
    }
  }

  const store: SecretStore = {
    kind,
    location,
    capabilities,
    canonical: names.canonical,
    async read(name: string, options: ReadOptions): Promise<StoredSecret> {
      refuseUnsupportedRead(name, options, capabilities, location)
      const native = names.toNative(name)
      return await run("read", name, options.signal, () => definition.read(native, options), native)
    },
    ping: async (options: CallOptions): Promise<void> =>
      await run("ping", undefined, options.signal, () => definition.ping(options)),
    close: async (): Promise<void> =>
      await run("close", undefined, new AbortController().signal, () => definition.close()),
  }

  const { readMany, write, list, versions, delete: remove, watch, rotation } = definition

  if (readMany !== undefined) {
    store.readMany = async (asked, options) => {
      const natives = new Map(asked.map(name => [name, nativeOrError(name)]))
      const wanted = new Set([...natives.values()].filter(native => typeof native === "string"))
      const found = await run("readMany", undefined, options.signal, async () =>
        wanted.size === 0 ? undefined : new Map(await readMany.call(definition, [...wanted], options)),
      )
      return new Map(
        Array.from(natives, ([name, native]) => {
          const answer = typeof native === "string" ? found?.get(native) : native
          const good = answer !== undefined && !isSecretError(answer)
          return [name, good ? answer : rebuild(answer, { secret: name, store: location })]
        }),
      )
    }
  }
  if (write !== undefined) {
    store.write = async (name, value, options) => {
      refuseUnsupportedWrite(name, value, options, capabilities, location)
      refuseUnfitValue(name, value, definition.values, location)
      const native = names.toNative(name)
      try {
        const written = () => write.call(definition, native, value, options)
        return await run("write", name, options.signal, written, native)
      } catch (thrown) {
        throw withWayOn(thrown as SecretError, capabilities)
      }
    }
  }
  if (list !== undefined) {
    store.list = async function* (options) {
      const under = names.beginning(options.under)
      const native = { signal: options.signal, ...(under === undefined ? {} : { under }) }
      for await (const info of each("list", undefined, options.signal, () => list.call(definition, native))) {
        const name = names.toListed(info.name)
        if (name !== undefined && isUnder(name, options.under)) yield { ...info, name }
      }
    }
  }
  if (versions !== undefined) {
    store.versions = (name, options) => {
      const native = nativeOrError(name)
      return each(
        "versions",
        name,
        options.signal,
        () => versions.call(definition, names.toNative(name), options),
        typeof native === "string" ? native : undefined,
      )
    }
  }
  if (remove !== undefined) {
    store.delete = async (name, options) => {
      const native = names.toNative(name)
      await run("delete", name, options.signal, () => remove.call(definition, native, options), native)
    }
  }
  if (watch !== undefined) {
    store.watch = async (hint, options) => {
      const nativeHint = (native?: string) => {
        try {
          hint(native === undefined ? undefined : names.toListed(native))
        } catch {
          // Backends call this in the middle of their own work, a write for example, which must not fail for it.
        }
      }
      await run("watch", undefined, options.signal, () => watch.call(definition, nativeHint, options))
    }
  }
  if (rotation !== undefined) {
    let ledger: RotationLedger | undefined
    store.rotation = () => {
      ledger ??= defineLedger(rotation.call(definition), { location, names, calls })
      return ledger
    }
  }
  return Object.freeze(store) as DefinedStore<D>
}
