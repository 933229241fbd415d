import { isSecretError } from "../../core/index.ts"
import { alreadyAborted, calm, ensure, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, currentOf, ensureIs } from "./bench.ts"

interface Call {
  readonly what: string
  /** Whether it changes something. */
  readonly changes: boolean
  readonly call: (name: string, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

/** Names that are refused before the service is asked. */
const REFUSED = ["", "..", "a/../b", "a//b", "/a", "a\n", "%2e%2e/a", "latchkey", "latchkey/journal"]

/** Calls of every kind: whose caller ends them, and for names that nobody may ask for. */
export const callChecks: readonly Check[] = [
  {
    name: "ends every call whose signal has aborted before with ABORTED, and does nothing",
    async run(bench) {
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const before = await ensureIs(bench, name, value, "the secret")
      const rotationId = bench.rotation()
      for (const { what, call } of await callsOf(bench, name, rotationId))
        await ensureRejects(() => call(name, alreadyAborted()), "ABORTED", `${what} with an aborted signal`)
      const after = await ensureIs(bench, name, value, "the secret after all that")
      ensure(after.version === before.version, "the secret has its version after all that")
      const loaded = await bench.ledger.journals?.load(name, calm())
      ensure(loaded?.journal === undefined, "no journal was written")
      const kept = await bench.ledger.kept(name, { ...calm(), rotationId })
      ensure(kept === undefined, "no candidate was parked")
    },
  },
  {
    name: "ends every call whose signal aborts meanwhile with ABORTED, or with its answer",
    async run(bench) {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      for (const { what, changes, call } of await callsOf(bench, name, bench.rotation())) {
        const controller = new AbortController()
        const outcome = call(name, { signal: controller.signal }).then(
          () => undefined,
          (thrown: unknown) => thrown ?? "nothing",
        )
        controller.abort(new Error("a reason of the caller"))
        const error = await bench.within(outcome, `${what} ends after its signal aborted`)
        if (error === undefined) continue
        ensure(isSecretError(error), `${what} fails with a SecretError`)
        ensure(
          ["ABORTED", "CONFLICT"].includes(error.code),
          `${what} ends with ABORTED, not with ${error.code}`,
        )
        const unknown = changes && error.code === "ABORTED"
        ensure(
          error.outcome === (unknown ? "unknown" : undefined),
          `${what} says of its outcome what can be known of it`,
        )
      }
      await bench.put(name, bench.value())
      ensure((await currentOf(bench.store, name)) !== undefined, "the secret can be read after all that")
    },
  },
  {
    name: "refuses names that could lead elsewhere, and the reserved segment, everywhere, with the rule",
    async run(bench) {
      const good = bench.name("token")
      await bench.put(good, bench.value())
      for (const { what, call } of await callsOf(bench, good, bench.rotation())) {
        for (const name of REFUSED) {
          const asked = `${what} of ${JSON.stringify(name)}`
          const error = await ensureRejects(() => call(name, calm()), "INVALID_NAME", asked)
          ensure(error.hint !== undefined, `the refusal of ${asked} says the rule`)
        }
      }
    },
  },
  {
    name: "takes the listeners off the signal again",
    async run(bench) {
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
        await bench.ledger.journals?.load(name, { signal })
        await bench.ledger.kept(name, { signal, rotationId: bench.rotation() })
      }
      ensure(listeners <= 1, "ten calls with one signal leave no listeners on it")
    },
  },
]

/** All that can be asked of the ledger, about a secret that is there and was not rotated. */
async function callsOf(bench: Bench, name: string, rotationId: string): Promise<readonly Call[]> {
  const { ledger } = bench
  const { journals, current, since } = ledger
  const base = (await currentOf(bench.store, name))?.version
  const journal = bench.journal()
  const calls: Call[] = [
    { what: "check", changes: false, call: (one, options) => ledger.check(one, options) },
    { what: "kept", changes: false, call: (one, options) => ledger.kept(one, { ...options, rotationId }) },
    {
      what: "former",
      changes: false,
      call: (one, options) => ledger.former(one, { ...options, rotationId, base: base ?? "1" }),
    },
    {
      what: "discard",
      changes: true,
      call: (one, options) => ledger.discard(one, { ...options, rotationId }),
    },
    {
      what: "park",
      changes: true,
      call: (one, options) => ledger.park(one, { ...options, rotationId, value: bench.value() }),
    },
    {
      what: "promote",
      changes: true,
      call: (one, options) =>
        ledger.promote(one, {
          ...options,
          rotationId,
          value: bench.value(),
          ...(base === undefined ? {} : { expectBase: base }),
          journal: () => ({ ...journal, seq: 2, state: "promoted" }),
        }),
    },
  ]
  if (current !== undefined) {
    calls.push({ what: "current", changes: false, call: (one, options) => current(one, options) })
  }
  if (since !== undefined) {
    calls.push({ what: "since", changes: false, call: (one, options) => since(one, options) })
  }
  if (journals !== undefined) {
    calls.push(
      { what: "load", changes: false, call: (one, options) => journals.load(one, options) },
      {
        what: "save",
        changes: true,
        call: (one, options) => journals.save(one, journal, { ...options, expectSeq: 0 }),
      },
    )
  }
  return calls
}
