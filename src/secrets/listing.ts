import type { SecretInfo, VersionInfo } from "../core/index.ts"
import type { Engine } from "./engine.ts"
import { promised } from "./timing.ts"
import { unsupported } from "./write.ts"

/** All secrets of the store. Each step of the way ends within `callTimeout`. */
export async function* listed(
  engine: Engine,
  options: { readonly under?: string; readonly signal?: AbortSignal },
): AsyncGenerator<SecretInfo> {
  const { store } = engine
  const { under } = options
  yield* stepwise(engine, options.signal, undefined, signal => {
    if (store.list === undefined) throw unsupported(undefined, "listed", store.location)
    return store.list(under === undefined ? { signal } : { signal, under })
  })
}

/** All versions of a secret. Each step of the way ends within `callTimeout`. */
export async function* listedVersions(
  engine: Engine,
  name: string,
  options: { readonly signal?: AbortSignal },
): AsyncGenerator<VersionInfo> {
  const { store } = engine
  const secret = store.canonical(name)
  yield* stepwise(engine, options.signal, secret, signal => {
    if (store.versions === undefined) throw unsupported(secret, "listed by version", store.location)
    return store.versions(secret, { signal })
  })
}

async function* stepwise<T>(
  engine: Engine,
  signal: AbortSignal | undefined,
  secret: string | undefined,
  open: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const { reader, settings, closing } = engine
  if (closing.aborted) throw engine.closedError(secret)
  const whole = new AbortController()
  const context = {
    secret,
    timeout: settings.policy.callTimeout,
    signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
  }
  const step = async <R>(take: () => Promise<R>): Promise<R> => {
    try {
      return await reader.call(context, take)
    } catch (thrown) {
      const left = closing.aborted && !signal?.aborted
      throw left ? engine.closedError(secret) : thrown
    }
  }
  const source = await step(async () => open(whole.signal)[Symbol.asyncIterator]())
  try {
    for (;;) {
      const next = await step(() => source.next())
      if (next.done) return
      yield next.value
    }
  } finally {
    // Whoever leaves early leaves no request behind.
    whole.abort()
    engine.inBackground(promised(() => source.return?.()).catch(() => {}))
  }
}
