import { isSecretError, type SecretError, type SecretErrorCode, type StoredSecret } from "../../core/index.ts"
import { calm, ensure, ensureError, ensureSame } from "../ensure.ts"
import { type Check, read } from "./check.ts"

/** How many names are tried at once where a backend takes more. */
const ENOUGH = 25

/** Many secrets in one request. */
export const batchChecks: readonly Check[] = [
  {
    name: "declares how many names it takes at once as a whole number of at least one",
    async run({ store }) {
      const { batchSize } = store.capabilities
      ensure(
        batchSize >= 1 && (Number.isInteger(batchSize) || batchSize === Number.POSITIVE_INFINITY),
        "batchSize",
      )
    },
  },
  {
    name: "declares batches of one name if it cannot read many",
    async run({ store }) {
      if (store.readMany !== undefined) return
      ensure(store.capabilities.batchSize === 1, "a store without readMany has a batchSize of 1")
    },
  },
  {
    name: "answers many names with what single reads answer, where it can read many",
    async run(bench) {
      const { store } = bench
      if (store.readMany === undefined) return
      const count = Math.min(ENOUGH, store.capabilities.batchSize)
      const names = Array.from({ length: count }, (_, index) => bench.name(`secret-n${index}`))
      for (const name of names) await bench.put(name, bench.value())
      const answers = await store.readMany(names, calm())
      ensure(answers.size === names.length, "there are as many answers as names")
      for (const name of names) {
        const [many, single] = [secretOf(answers.get(name), name), await read(store, name)]
        ensureSame(many.value, single.value, `the value of "${name}"`)
        ensure(many.version === single.version, `the version of "${name}" is that of a single read`)
      }
    },
  },
  {
    name: "answers for each name by itself: found, missing, removed, switched off, denied, refused, where it can read many",
    async run(bench) {
      const { store } = bench
      if (store.readMany === undefined) return
      const expected = new Map<string, SecretErrorCode | undefined>()
      const value = bench.value()
      const prepare = async (
        last: string,
        code: SecretErrorCode | undefined,
        change?: (name: string) => Promise<void>,
      ): Promise<void> => {
        const name = bench.name(last)
        await bench.put(name, value)
        await change?.(name)
        expected.set(name, code)
      }
      await prepare("found", undefined)
      expected.set(bench.name("missing"), "NOT_FOUND")
      expected.set("no//name", "INVALID_NAME")
      if (bench.remove) await prepare("removed", "NOT_FOUND", bench.remove)
      if (bench.disable) await prepare("disabled", "DISABLED", bench.disable)
      if (bench.deny) await prepare("denied", "DENIED", bench.deny)
      await prepare("found-last", undefined)

      const names = [...expected.keys()]
      const { batchSize } = store.capabilities
      ensure(batchSize >= 1, "a batch has room for a name")
      for (let start = 0; start < names.length; start += batchSize) {
        const asked = names.slice(start, start + batchSize)
        const answers = await store.readMany(asked, calm())
        for (const name of asked) {
          const code = expected.get(name)
          const answer = answers.get(name)
          if (code === undefined) ensureSame(secretOf(answer, name).value, value, `the value of "${name}"`)
          else {
            const error = ensureError(answer, code, `the answer for "${name}"`, [value])
            ensure(error.secret === name, `the error for "${name}" names it`)
          }
        }
      }
    },
  },
  {
    name: "answers under the names that were asked for, also when two of them mean one secret, where it can read many",
    async run(bench) {
      const { store, native } = bench
      if (store.readMany === undefined || store.capabilities.batchSize < 2) return
      const [name, value] = [bench.name("api-token"), bench.value()]
      await bench.put(name, value)
      const spellings = native === undefined ? [name, name] : [name, native(name)]
      const answers = await store.readMany(spellings, calm())
      for (const spelling of spellings)
        ensureSame(secretOf(answers.get(spelling), spelling).value, value, `the value of "${spelling}"`)
    },
  },
  {
    name: "answers no names with no answers, where it can read many",
    async run({ store }) {
      if (store.readMany === undefined) return
      ensure((await store.readMany([], calm())).size === 0, "there are no answers")
    },
  },
]

function secretOf(answer: StoredSecret | SecretError | undefined, name: string): StoredSecret {
  ensure(answer !== undefined, `"${name}" has an answer`)
  ensure(!isSecretError(answer), `"${name}" is answered with a secret, not with an error`)
  return answer
}
