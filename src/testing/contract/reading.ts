import type { SecretErrorCode } from "../../core/index.ts"
import { ensure, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, ensureReads, read } from "./check.ts"

/** One secret, and what can be wrong with it. */
export const readingChecks: readonly Check[] = [
  {
    name: "reads what the service holds",
    async run(bench) {
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const answer = await ensureReads(bench.store, name, value, "a secret")
      ensure(
        typeof answer.version === "string" && answer.version !== "",
        "the version is a text that is not empty",
      )
    },
  },
  {
    name: "reads what the service holds now, not a copy of its own",
    async run(bench) {
      const name = bench.name("token")
      for (let round = 0; round < 3; round++) {
        const value = bench.value()
        await bench.put(name, value)
        await ensureReads(bench.store, name, value, `the value after ${round} changes`)
      }
    },
  },
  {
    name: "gives each secret its own value",
    async run(bench) {
      const secrets = ["one", "two", "one-two", "three/four"].map(last => bench.secret(last))
      for (const { name, value } of secrets) await bench.put(name, value)
      for (const { name, value } of secrets) await ensureReads(bench.store, name, value, `"${name}"`)
    },
  },
  {
    name: "says NOT_FOUND for a secret that is missing, and names it",
    async run(bench) {
      const name = bench.name("missing")
      const error = await ensureRejects(() => read(bench.store, name), "NOT_FOUND", "a missing secret")
      ensure(error.secret === name, "the error names the secret")
      ensure(error.store === bench.store.location, "the error names the store")
      ensure(!error.transient, "a missing secret is not transient")
    },
  },
  {
    name: "says NOT_FOUND for the parent and the child of a secret",
    async run(bench) {
      await bench.put(bench.name("parent/child"), bench.value())
      await ensureRejects(() => read(bench.store, bench.name("parent")), "NOT_FOUND", "the parent")
      await ensureRejects(
        () => read(bench.store, bench.name("parent/child/grandchild")),
        "NOT_FOUND",
        "the child",
      )
    },
  },
  {
    name: "says NOT_FOUND for a secret that was removed, where one can be",
    run: bench => ensureGone(bench, bench.remove, "NOT_FOUND"),
  },
  {
    name: "says DISABLED for a secret that is switched off, where one can be",
    run: bench => ensureGone(bench, bench.disable, "DISABLED"),
  },
  {
    name: "says DENIED for a secret that may not be read, where one can be",
    run: bench => ensureGone(bench, bench.deny, "DENIED"),
  },
]

async function ensureGone(
  bench: Bench,
  take: ((name: string) => Promise<void>) | undefined,
  code: SecretErrorCode,
): Promise<void> {
  const [name, other, value] = [bench.name("taken"), bench.name("kept"), bench.value()]
  await bench.put(name, value)
  await bench.put(other, value)
  await ensureReads(bench.store, name, value, "the secret before")
  if (take === undefined) return
  await take(name)
  const error = await ensureRejects(() => read(bench.store, name), code, "the secret after", [value])
  ensure(!error.transient, `${code} is not transient`)
  await ensureReads(bench.store, other, value, "another secret after")
}
