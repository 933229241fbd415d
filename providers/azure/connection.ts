import { SecretError } from "../../src/core/index.ts"
import { abortable } from "./abortable.ts"
import { type ClientMaker, type ClientSettings, clientMaker } from "./client.ts"
import type { KeyVaultAnswer, KeyVaultCallOptions, KeyVaultClient } from "./client-types.ts"
import { failureOf } from "./failure.ts"
import { firstCallAlone, type Pass } from "./first-call.ts"

/** How a vault is asked. Everything that fails does so with what the table of errors knows. */
export interface Connection {
  /** Makes one call; ends with the signal, whatever the SDK does. */
  call<T>(
    signal: AbortSignal,
    call: (client: KeyVaultClient, options: KeyVaultCallOptions) => Promise<T>,
  ): Promise<T>
  /** Gives what the SDK lists, page by page. */
  each<T>(
    signal: AbortSignal,
    list: (client: KeyVaultClient, options: KeyVaultCallOptions) => AsyncIterable<T>,
  ): AsyncGenerator<T>
  /** Ends the connections and what is under way. A client that was injected stays as it is. */
  close(): void
}

interface Open {
  readonly pass: Pass<{ readonly client: KeyVaultClient; ended(): void }>
  readonly page: ClientMaker["page"]
}

/** Opens, at the first call, a connection of our own, or takes the client that was injected. */
export function connectionTo(given: KeyVaultClient | ClientSettings): Connection {
  const closing = new AbortController()
  let opening: Promise<Open> | undefined

  async function opened(): Promise<Open> {
    if ("getSecret" in given) {
      // What was injected cannot be replaced: when its first call has ended, in whichever way, the others go.
      const pass = firstCallAlone(past => ({ client: given, ended: past }))
      return { pass, page: async (_, step) => await step() }
    }
    const maker = await clientMaker(given, closing.signal)
    closing.signal.addEventListener("abort", () => maker.close(), { once: true })
    if (closing.signal.aborted) maker.close()
    const pass = firstCallAlone(past => ({ client: maker.make(past), ended: () => undefined }))
    return { pass, page: maker.page }
  }

  async function open(signal: AbortSignal): Promise<Open> {
    if (closing.signal.aborted) throw new SecretError("CLOSED")
    opening ??= opened().catch((thrown: unknown) => {
      // Whoever installs what was missing need not start the program anew.
      opening = undefined
      throw thrown
    })
    const going = opening
    return await abortable(signal, async () => await going)
  }

  return {
    async call(signal, call) {
      const { pass } = await open(signal)
      return await pass(signal, async ({ client, ended }) => {
        let answer: KeyVaultAnswer | undefined
        const onResponse = (given: KeyVaultAnswer): void => {
          answer = given
        }
        try {
          return await abortable(signal, abortSignal => call(client, { abortSignal, onResponse }))
        } catch (thrown) {
          throw failureOf(thrown, answer)
        } finally {
          ended()
        }
      })
    },
    async *each<T>(
      signal: AbortSignal,
      list: (client: KeyVaultClient, options: KeyVaultCallOptions) => AsyncIterable<T>,
    ) {
      const { pass, page } = await open(signal)
      const controller = new AbortController()
      let answer: KeyVaultAnswer | undefined
      const onResponse = (given: KeyVaultAnswer): void => {
        answer = given
      }
      const next = async (items: AsyncIterator<T>): Promise<IteratorResult<T>> => {
        // Of the pages behind the first one the SDK does not tell; what is known of that one says nothing of them.
        answer = undefined
        try {
          return await abortable(signal, inner => page(inner, async () => await items.next()), controller)
        } catch (thrown) {
          throw failureOf(thrown, answer)
        }
      }
      const first = await pass(signal, async ({ client, ended }) => {
        const items = list(client, { abortSignal: controller.signal, onResponse })[Symbol.asyncIterator]()
        try {
          return { items, result: await next(items) }
        } finally {
          ended()
        }
      })
      for (let { result } = first; result.done !== true; result = await next(first.items)) yield result.value
    },
    close() {
      closing.abort()
    },
  }
}
