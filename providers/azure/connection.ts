import { openOnce, untilAborted } from "../../src/core/index.ts"
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
  close(): Promise<void>
}

interface Open extends Pick<ClientMaker, "ready" | "page" | "close"> {
  readonly pass: Pass<{ readonly client: KeyVaultClient; ended(): void }>
}

/** Opens, at the first call, a connection of our own, or takes the client that was injected. */
export function connectionTo(given: KeyVaultClient | ClientSettings): Connection {
  const closing = new AbortController()
  const opened = openOnce(async (): Promise<Open> => {
    if ("getSecret" in given) {
      // What was injected cannot be replaced: when its first call has ended, in whichever way, the others go.
      const pass = firstCallAlone(past => ({ client: given, ended: past }))
      return {
        pass,
        ready: async () => undefined,
        page: async (_, step) => await step(),
        close: () => undefined,
      }
    }
    const { make, ...own } = await clientMaker(given, closing.signal)
    return { ...own, pass: firstCallAlone(past => ({ client: make(past), ended: () => undefined })) }
  })
  /** Before the first call of a client, too: those behind it would wait with it for its login. */
  const ready = async (): Promise<Open> => {
    const open = await opened.get()
    await open.ready()
    return open
  }
  const until = async <T>(signal: AbortSignal, run: (own: AbortSignal) => Promise<T>): Promise<T> =>
    await untilAborted(signal, run, closing.signal)

  return {
    async call(signal, call) {
      const { pass } = await until(signal, ready)
      return await pass(signal, async ({ client, ended }) => {
        let answer: KeyVaultAnswer | undefined
        const onResponse = (given: KeyVaultAnswer): void => {
          answer = given
        }
        try {
          return await until(signal, abortSignal => call(client, { abortSignal, onResponse }))
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
      const { pass, page } = await until(signal, ready)
      const controller = new AbortController()
      let answer: KeyVaultAnswer | undefined
      const answered = (given: KeyVaultAnswer | undefined): void => {
        answer = given
      }
      const next = async (items: AsyncIterator<T>): Promise<IteratorResult<T>> => {
        // What is known of one page says nothing of the next.
        answer = undefined
        try {
          return await until(
            signal,
            async own => await page({ signal: own, answered }, async () => await items.next()),
          )
        } catch (thrown) {
          controller.abort()
          throw failureOf(thrown, answer)
        }
      }
      const first = await pass(signal, async ({ client, ended }) => {
        const items = list(client, { abortSignal: controller.signal, onResponse: answered })[
          Symbol.asyncIterator
        ]()
        try {
          return { items, result: await next(items) }
        } finally {
          ended()
        }
      })
      for (let { result } = first; result.done !== true; result = await next(first.items)) {
        yield result.value
        await until(signal, ready)
      }
    },
    async close() {
      closing.abort()
      await opened.close(open => open.close())
    },
  }
}
