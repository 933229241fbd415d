import {
  isSecretError,
  type RotationLedger,
  type SecretError,
  type SecretStore,
  type StoredSecret,
} from "../core/index.ts"
import type { StoreCall } from "./call-log.ts"
import { wrapLedger } from "./wrap-ledger.ts"

/** Makes one call of the wrapped store, with everything that befalls it. */
export type Strike = <T>(
  call: StoreCall,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
  changed?: (answer: T, change: (one: StoredSecret, name: string) => StoredSecret | SecretError) => T,
) => Promise<T>

/** A watch that is armed. */
export interface ArmedWatch {
  hint(name?: string): void
  failed(error: SecretError): void
}

/** A store whose every call, also of its ledger, goes through `strike`, with the same optional methods and everything else it has. */
export function wrapStore<S extends SecretStore>(store: S, strike: Strike, watches: Set<ArmedWatch>): S {
  const { readMany, write, list, versions, delete: remove, watch, rotation } = store

  const wrapped: SecretStore = {
    kind: store.kind,
    location: store.location,
    capabilities: store.capabilities,
    canonical: name => store.canonical(name),
    read: (name, options) =>
      strike(
        {
          operation: "read",
          names: [name],
          ...(options.version === undefined ? {} : { version: options.version }),
        },
        options.signal,
        () => store.read(name, options),
        (answer, change) => {
          const changed = change(answer, name)
          if (isSecretError(changed)) throw changed
          return changed
        },
      ),
    ping: options => strike({ operation: "ping", names: [] }, options.signal, () => store.ping(options)),
    close: () => strike({ operation: "close", names: [] }, undefined, () => store.close()),
  }

  if (readMany !== undefined) {
    wrapped.readMany = (names, options) =>
      strike(
        { operation: "readMany", names: [...names] },
        options.signal,
        () => readMany.call(store, names, options),
        (answer, change) =>
          new Map(
            Array.from(
              answer,
              ([name, one]) => [name, isSecretError(one) ? one : change(one, name)] as const,
            ),
          ),
      )
  }
  if (write !== undefined) {
    wrapped.write = (name, value, options) =>
      strike({ operation: "write", names: [name] }, options.signal, () =>
        write.call(store, name, value, options),
      )
  }
  if (list !== undefined) {
    wrapped.list = options =>
      throughout({ operation: "list", names: [] }, options.signal, () => list.call(store, options))
  }
  if (versions !== undefined) {
    wrapped.versions = (name, options) =>
      throughout({ operation: "versions", names: [name] }, options.signal, () =>
        versions.call(store, name, options),
      )
  }
  if (remove !== undefined) {
    wrapped.delete = (name, options) =>
      strike({ operation: "delete", names: [name] }, options.signal, () => remove.call(store, name, options))
  }
  if (watch !== undefined) {
    wrapped.watch = async (hint, options) => {
      // The watch of the store has a signal of its own, so that a watch that is made to fail has ended there, too.
      const ending = new AbortController()
      const end = (): void => {
        watches.delete(armed)
        options.signal.removeEventListener("abort", end)
        ending.abort()
      }
      const armed: ArmedWatch = {
        hint,
        failed(error) {
          end()
          options.failed(error)
        },
      }
      options.signal.addEventListener("abort", end, { once: true })
      if (options.signal.aborted) end()
      try {
        await strike({ operation: "watch", names: [] }, options.signal, () =>
          watch.call(store, hint, { signal: ending.signal, failed: armed.failed }),
        )
      } catch (thrown) {
        end()
        throw thrown
      }
      if (!ending.signal.aborted) watches.add(armed)
    }
  }

  if (rotation !== undefined) {
    let ledger: RotationLedger | undefined
    wrapped.rotation = () => {
      ledger ??= wrapLedger(rotation.call(store), strike)
      return ledger
    }
  }

  /** All items are asked for before the first is given out, so that a fault can strike after the last. */
  async function* throughout<T>(
    call: StoreCall,
    signal: AbortSignal,
    ask: () => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    yield* await strike(call, signal, async () => {
      const items: T[] = []
      for await (const item of ask()) items.push(item)
      return items
    })
  }

  for (const key of Reflect.ownKeys(store)) {
    if (!(key in wrapped)) {
      Object.defineProperty(wrapped, key, Object.getOwnPropertyDescriptor(store, key) as PropertyDescriptor)
    }
  }
  return wrapped as S
}
