import { AsyncLocalStorage } from "node:async_hooks"

/** The part of a call of gRPC that is about to begin which is looked at here. */
interface Invocation {
  readonly call: { cancel(): void }
  callback?(...outcome: readonly unknown[]): void
}

/** Whatever is called within `run`, however late, sees the signal of that call. */
const signals = new AsyncLocalStorage<AbortSignal>()

/** Makes a call of the SDK that ends at the service, too, when its signal aborts. */
export async function cancellable<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  return await signals.run(signal, call)
}

/**
 * Makes gRPC cancel the calls of a channel: the SDK looks at a signal only since google-gax 6.17, of which no version of
 * it is sure to bring along. A setting of the channel ("special treatment" in `createStub` of google-gax).
 */
export const CANCELLING = {
  "grpc.callInvocationTransformer": (invocation: Invocation): Invocation => {
    const signal = signals.getStore()
    if (signal === undefined) return invocation
    const { call, callback } = invocation
    const cancel = (): void => call.cancel()
    // Before it has begun, which it does in this very turn, nothing of it could be cancelled.
    if (signal.aborted) queueMicrotask(cancel)
    signal.addEventListener("abort", cancel, { once: true })
    return {
      ...invocation,
      callback(...outcome) {
        signal.removeEventListener("abort", cancel)
        callback?.(...outcome)
      },
    }
  },
}
