import { isSecretError, type SecretStore } from "../../core/index.ts"
import { alreadyAborted, calm, collect, ensure, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, ensureReads, read } from "./check.ts"

interface Call {
  readonly what: string
  readonly call: (options: { readonly signal: AbortSignal }) => Promise<unknown>
}

/** Calls that their caller ends. */
export const signalChecks: readonly Check[] = [
  {
    name: "ends every call whose signal has aborted before with ABORTED, and does nothing",
    async run(bench) {
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      for (const { what, call } of callsOf(bench, name))
        await ensureRejects(() => call(alreadyAborted()), "ABORTED", `${what} with an aborted signal`)
      await ensureReads(bench.store, name, value, "the secret after all that")
    },
  },
  {
    name: "ends every call whose signal aborts meanwhile with ABORTED, or with its answer",
    async run(bench) {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      for (const { what, call } of callsOf(bench, name)) {
        const controller = new AbortController()
        const outcome = call({ signal: controller.signal }).then(
          () => "answered",
          (thrown: unknown) => (isSecretError(thrown) ? thrown.code : "something else"),
        )
        controller.abort(new Error("a reason of the caller"))
        const code = await bench.within(outcome, `${what} ends after its signal aborted`)
        // NOT_FOUND comes where the aborted deletion before has happened all the same.
        ensure(
          ["answered", "ABORTED", "NOT_FOUND"].includes(code),
          `${what} ends with ABORTED, not with ${code}`,
        )
      }
      await bench.put(name, bench.value())
      await read(bench.store, name)
    },
  },
  {
    name: "takes the listeners off the signal again",
    async run(bench) {
      const { store } = bench
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const { signal } = new AbortController()
      const [add, remove] = [signal.addEventListener, signal.removeEventListener]
      let listeners = 0
      // A signal that many calls share, as that of a server does, must not gather listeners.
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners++
        add.apply(signal, args)
      }
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners--
        remove.apply(signal, args)
      }
      for (let round = 0; round < 5; round++) {
        await store.read(name, { signal })
        await store.ping({ signal })
      }
      ensure(listeners <= 1, "ten calls with one signal leave no listeners on it")
    },
  },
]

function callsOf(bench: Bench, name: string): Call[] {
  const { store } = bench
  const { readMany, write, list, versions, delete: remove, watch } = store
  const calls: Call[] = [
    { what: "read", call: options => store.read(name, options) },
    { what: "ping", call: options => store.ping(options) },
  ]
  const add = (what: string, call: Call["call"]): void => void calls.push({ what, call })
  if (readMany) add("readMany", options => readMany.call(store, [name], options))
  if (list) add("list", options => collect(list.call(store, options)))
  if (versions) add("versions", options => collect(versions.call(store, name, options)))
  if (watch) add("watch", options => armed(store, watch, options))
  if (write) add("write", options => write.call(store, name, bench.value(), options))
  if (remove) add("delete", options => remove.call(store, name, options))
  return calls
}

async function armed(
  store: SecretStore,
  watch: NonNullable<SecretStore["watch"]>,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  try {
    await watch.call(store, () => undefined, { ...calm(), signal, failed: () => undefined })
  } finally {
    ending.abort()
  }
}
