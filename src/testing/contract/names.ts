import { isSecretError } from "../../core/index.ts"
import { calm, ensure, ensureRejects } from "../ensure.ts"
import { type Check, ensureReads, read } from "./check.ts"

/** What no backend may ever be asked for. */
const REFUSED_NAMES: readonly string[] = [
  "",
  ".",
  "..",
  "a/../b",
  "../a",
  "a/..",
  "a//b",
  "/a",
  "a/",
  "a\u0000b",
  "a\nb",
  "a\u2028b",
  "%2e%2e/a",
  "a%2fb",
  "a\\b",
  " a",
  "a ",
  "a".repeat(600),
]

/** Names: which there are, and how they are spelled. */
export const nameChecks: readonly Check[] = [
  {
    name: "takes a portable name as the one spelling",
    async run(bench) {
      for (const name of ["a", "api-token", "tally/api-token", "a1/b-2c/d", "x-y/z"])
        ensure(bench.store.canonical(name) === name, `"${name}" is its own canonical name`)
    },
  },
  {
    name: "keeps names apart that differ in hyphens and slashes only",
    async run(bench) {
      const secrets = ["ab-c", "a-bc", "ab/c", "a/bc", "abc"].map(last => bench.secret(last))
      for (const { name, value } of secrets) await bench.put(name, value)
      for (const { name, value } of secrets) await ensureReads(bench.store, name, value, `"${name}"`)
    },
  },
  {
    name: "takes its own spelling of a portable name for the same secret, where it has one",
    async run(bench) {
      const { store, native } = bench
      const [name, value] = [bench.name("api-token"), bench.value()]
      await bench.put(name, value)
      if (native === undefined) return
      ensure(
        store.canonical(native(name)) === name,
        "the canonical name of its own spelling is the portable one",
      )
      await ensureReads(store, native(name), value, "its own spelling")
    },
  },
  {
    name: "gives a canonical name that is its own canonical name",
    async run(bench) {
      for (const name of ["Mixed/Case", "UPPER_CASE", "with.dot", "tally/api-token"]) {
        let canonical: string
        try {
          canonical = bench.store.canonical(name)
        } catch (thrown) {
          ensure(
            isSecretError(thrown) && thrown.code === "INVALID_NAME",
            `"${name}" is refused with INVALID_NAME`,
          )
          ensure(thrown.hint !== undefined, "the refusal says the rule")
          continue
        }
        ensure(bench.store.canonical(canonical) === canonical, `the canonical name of "${name}" is stable`)
      }
    },
  },
  {
    name: "refuses names that could lead elsewhere, everywhere, with INVALID_NAME and the rule",
    async run(bench) {
      const { store } = bench
      for (const name of REFUSED_NAMES) {
        const what = JSON.stringify(name.slice(0, 20))
        const error = await ensureRejects(() => read(store, name), "INVALID_NAME", `reading ${what}`)
        ensure(error.hint !== undefined, `the refusal of ${what} says the rule`)
        await ensureRejects(
          async () => store.canonical(name),
          "INVALID_NAME",
          `the canonical name of ${what}`,
        )
        await ensureRefusedEverywhere(store, name, what)
      }
    },
  },
  {
    name: "refuses the reserved first segment",
    async run(bench) {
      for (const name of ["latchkey", "latchkey/journal"]) {
        await ensureRejects(() => read(bench.store, name), "INVALID_NAME", `reading "${name}"`)
        await ensureRefusedEverywhere(bench.store, name, `"${name}"`)
      }
      ensure(
        bench.store.canonical("latchkey-two/a") === "latchkey-two/a",
        "a longer first segment is not reserved",
      )
    },
  },
]

async function ensureRefusedEverywhere(
  store: Parameters<Check["run"]>[0]["store"],
  name: string,
  what: string,
): Promise<void> {
  const { write, delete: remove } = store
  if (write !== undefined) {
    await ensureRejects(() => write.call(store, name, "v", calm()), "INVALID_NAME", `writing ${what}`)
  }
  if (remove !== undefined) {
    await ensureRejects(() => remove.call(store, name, calm()), "INVALID_NAME", `deleting ${what}`)
  }
}
