import {
  defineStore,
  environmentNames,
  environmentSecrets,
  environmentValue,
  SecretError,
  type StoreWith,
  settledFiles,
  systemClock,
  versionMaker,
} from "../../src/core/index.ts"
import { checkOptions, type EnvOptions } from "./options.ts"

/**
 * Secrets in environment variables: `tally/api-token` is `TALLY__API_TOKEN`, or the content of the file whose path is
 * in `TALLY__API_TOKEN_FILE`, as container platforms mount secrets. Read live at every call; never written.
 *
 * Versions are numbers that this store gives: they move when the value does, and mean nothing elsewhere.
 *
 * Errors beside `NOT_FOUND`: `MISCONFIGURED` if a variable and its `_FILE` are both set, or if the file was never
 * readable; `UNAVAILABLE` if it was read before and cannot be now.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist, a prefix that is no portable name, or a
 * renaming that is ambiguous.
 */
export function env(options: EnvOptions = {}): StoreWith<"list"> {
  const { env: record = process.env, clock = systemClock, prefix, rename } = checkOptions(options)
  const files = settledFiles(clock)
  const versionOf = versionMaker()
  let startedIn: string | undefined
  // Asked for a _FILE only, and once: it fails in a folder that was removed, and a program may change it.
  const folder = () => {
    startedIn ??= process.cwd()
    return startedIn
  }
  const variable = (name: string) => (Object.hasOwn(record, name) ? record[name] : undefined)

  return defineStore({
    kind: "env",
    location: "env:",
    names: environmentNames,
    naming: { prefix, rename },
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: false,
      batchSize: 1,
      binary: true,
      expiry: false,
      softDelete: false,
      local: true,
    },
    async read(name, { signal }) {
      const value = await environmentValue(name, variable, folder, files, signal)
      if (value !== undefined) return { value, version: versionOf(name, value) }
      versionOf.forget(name)
      throw new SecretError("NOT_FOUND", {
        hint: `set ${name} in the environment`,
      })
    },
    async *list() {
      const variables = Object.keys(record).filter(name => record[name] !== undefined)
      for (const name of environmentSecrets(variables)) yield { name }
    },
    async ping() {},
    async close() {},
  })
}
