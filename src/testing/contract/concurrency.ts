import { isSecretError, type SecretStore, type SecretValue } from "../../core/index.ts"
import { calm, ensure, turn } from "../ensure.ts"
import { type Bench, type Check, ensureReads, read } from "./check.ts"

const WRITERS = 6

/** Several calls at once. */
export const concurrencyChecks: readonly Check[] = [
  {
    name: "answers many reads at once, each with its own secret",
    async run(bench) {
      const secrets = Array.from({ length: 8 }, (_, index) => bench.secret(`secret-n${index}`))
      for (const { name, value } of secrets) await bench.put(name, value)
      await Promise.all(
        [...secrets, ...secrets, ...secrets].map(({ name, value }) =>
          ensureReads(bench.store, name, value, `"${name}"`),
        ),
      )
    },
  },
  {
    name: "gives, while a value is replaced, one of the values whole and never a mixture",
    async run(bench) {
      const name = bench.name("token")
      const first = longValue(bench)
      const values = [first, ...Array.from({ length: WRITERS }, () => longValue(bench))]
      await bench.put(name, first)
      let writing = true
      const writers = bench
        .within(replaceAll(bench, name, values.slice(1)), "the writers end")
        .finally(() => {
          writing = false
        })
      const reader = async (): Promise<void> => {
        try {
          do {
            ensureOneOf((await read(bench.store, name)).value, values)
            await turn()
          } while (writing)
        } finally {
          // One that fails ends the other one, too.
          writing = false
        }
      }
      await Promise.all([writers, reader(), reader()])
      ensureOneOf((await read(bench.store, name)).value, await writers)
    },
  },
  {
    name: "lets just one of several writers create a secret, where it has the precondition",
    async run(bench) {
      const { store } = bench
      if (store.write === undefined || !store.capabilities.preconditions.absent) return
      await ensureOneWins(bench, store, bench.name("token"), "absent")
    },
  },
  {
    name: "lets just one of several writers replace a version, where it has the precondition",
    async run(bench) {
      const { store } = bench
      if (store.write === undefined || !store.capabilities.preconditions.version) return
      const name = bench.name("token")
      const { version } = await store.write(name, bench.value(), calm())
      await ensureOneWins(bench, store, name, version)
    },
  },
]

/** Replaces the value by all means at once, and gives back those that were accepted. */
async function replaceAll(bench: Bench, name: string, values: readonly string[]): Promise<string[]> {
  const { store } = bench
  const { write } = store
  if (write === undefined) {
    for (const value of values) await bench.put(name, value)
    return values.slice(-1)
  }
  const outcomes = await Promise.allSettled(values.map(value => write.call(store, name, value, calm())))
  const accepted = values.filter((_, index) => outcomes[index]?.status === "fulfilled")
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue
    // Writers without a precondition that meet may be told to come again, and nothing else.
    const { reason } = outcome
    ensure(isSecretError(reason), "a write among others fails with a SecretError")
    ensure(
      reason.transient || reason.code === "CONFLICT",
      `a write among others succeeds, and does not end with ${reason.code}`,
    )
  }
  ensure(accepted.length > 0, "of several writes at once at least one succeeds")
  return accepted
}

async function ensureOneWins(bench: Bench, store: SecretStore, name: string, expect: string): Promise<void> {
  const values = Array.from({ length: WRITERS }, () => bench.value())
  const outcomes = await Promise.allSettled(
    values.map(async value => await store.write?.(name, value, { ...calm(), expect })),
  )
  const winners = values.filter((_, index) => outcomes[index]?.status === "fulfilled")
  ensure(
    winners.length === 1,
    `of ${WRITERS} writers that expect the same just one wins, not ${winners.length}`,
  )
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue
    ensure(
      isSecretError(outcome.reason) && (outcome.reason.code === "CONFLICT" || outcome.reason.transient),
      "the other writers are told CONFLICT",
    )
  }
  ensureOneOf((await read(store, name)).value, winners)
}

function longValue(bench: Bench): string {
  return bench.value().repeat(400)
}

function ensureOneOf(found: SecretValue, values: readonly string[]): void {
  ensure(
    typeof found === "string" && values.includes(found),
    "a read gives one of the values that were written, whole",
  )
}
