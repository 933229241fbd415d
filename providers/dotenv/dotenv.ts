import {
  defineStore,
  environmentSecrets,
  isSecretError,
  SecretError,
  type SettledFiles,
  type StoredSecret,
  type StoreWith,
  settledFiles,
  systemClock,
  versionMaker,
} from "../../src/core/index.ts"
import { envFiles, type Round } from "./env-files.ts"
import { fileErrors } from "./file-errors.ts"
import { dotenvNames } from "./names.ts"
import { checkOptions, type DotenvOptions, locationOf } from "./options.ts"
import { dotenvLedger } from "./rotation.ts"
import { type FileWatch, watchFiles } from "./watch-files.ts"
import type { WriteContext } from "./write.ts"

/**
 * Secrets in `.env` files: `tally/api-token` is the entry `TALLY__API_TOKEN`, or the content of the file whose path is
 * in the entry `TALLY__API_TOKEN_FILE`, relative to the `.env`. Read by the `dotenv` package, at every call anew;
 * nothing is printed, and `process.env` stays as it is.
 *
 * - **Several files:** the first that has a secret wins, at every reading: taking an entry out of `.env.local` brings
 *   the one of `.env` back.
 * - **While somebody writes:** a change counts when two readings 50 ms apart agree. The first reading of a file that was
 *   not touched for two seconds needs no second one.
 * - **Writing** replaces one value and the file in one step; comments, order, quotation marks, line ends and mode stay.
 *   A secret is written where it is read from, a new one to the first file; a new file is for its owner only.
 * - **Rotating** keeps its journal, its candidate and, for as long as a rotation lasts, the value before in
 *   `.env.latchkey` beside the file: as secret as the file itself.
 * - **Versions** are numbers that this store gives: they move when the value does, and mean nothing elsewhere.
 *
 * Errors beside `NOT_FOUND`: `MISCONFIGURED` for a file that was never readable, or an entry beside its `_FILE`;
 * `UNAVAILABLE` for one that was readable and is not now; `INVALID_VALUE` for one that is not UTF-8, and for values that
 * the format cannot hold; `CONFLICT` for writing to a secret that has a `_FILE`; `DENIED` where the file, or its folder,
 * may not be written.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist, a prefix that is no portable name, or a
 * renaming that is ambiguous. Whether the files are there is seen at the first call: `openStore` makes one.
 */
export function dotenv(
  options: string | readonly string[] | DotenvOptions = {},
): StoreWith<"readMany" | "write" | "list" | "delete" | "watch" | "rotation"> {
  const { paths, optional, clock = systemClock, naming } = checkOptions(options)
  const versionOf = versionMaker()
  const watches = new Map<FileWatch, () => void>()
  const read = new Set<string>()
  const settled = telling(settledFiles(clock), path => {
    if (read.has(path)) return
    read.add(path)
    for (const watch of watches.keys()) watch.rearm()
  })
  const files = envFiles(paths, optional, settled)
  let context: WriteContext | undefined
  // Most programs only read, so what writes is loaded with the first write.
  const writing = async (): Promise<WriteContext> => {
    const { writeContext } = await import("./write.ts")
    context ??= writeContext(files, settled, clock, versionOf)
    return context
  }

  async function find(name: string, round: Round): Promise<StoredSecret> {
    const value = await round.find(name)
    if (value !== undefined) return { value, version: versionOf(name, value) }
    versionOf.forget(name)
    throw new SecretError("NOT_FOUND", {
      hint: `add ${name}=… to ${paths[0]}`,
    })
  }

  const location = locationOf(paths)
  return defineStore({
    kind: "dotenv",
    location,
    names: dotenvNames,
    naming,
    errors: fileErrors,
    capabilities: {
      preconditions: { absent: true, version: true },
      versionedReads: false,
      batchSize: Number.MAX_SAFE_INTEGER,
      binary: false,
      expiry: false,
      softDelete: false,
      local: true,
    },
    read: async (name, { signal }) => await find(name, files.round(signal)),
    async readMany(names, { signal }) {
      const round = files.round(signal)
      const answer = async (name: string) => [name, await settle(find(name, round))] as const
      return new Map(await Promise.all(names.map(answer)))
    },
    async write(name, value, options) {
      const { writeSecret } = await import("./write.ts")
      return await writeSecret(await writing(), name, value, options)
    },
    async delete(name, { signal }) {
      const { deleteSecret } = await import("./write.ts")
      await deleteSecret(await writing(), name, signal)
    },
    async *list({ signal }) {
      const round = files.round(signal)
      const entries = await Promise.all(files.files.map(round.entries))
      for (const name of environmentSecrets(entries.flatMap(one => [...one.keys()]))) yield { name }
    },
    async watch(hint, { signal, failed }) {
      const end = () => {
        watch.stop()
        watches.delete(watch)
        signal.removeEventListener("abort", end)
      }
      const watch = watchFiles(
        () => new Set([...files.files.map(file => file.path), ...read]),
        () => hint(),
        error => {
          end()
          failed(error)
        },
      )
      watches.set(watch, end)
      signal.addEventListener("abort", end, { once: true })
      await watch.armed.catch(thrown => {
        end()
        throw thrown
      })
      signal.throwIfAborted()
    },
    rotation: () => dotenvLedger({ files, clock, location, writing }),
    async ping({ signal }) {
      const round = files.round(signal)
      for (const file of files.files) await round.entries(file)
    },
    async close() {
      for (const end of [...watches.values()]) end()
    },
  })
}

/** The same files, with a word to somebody about every path that is read. */
function telling(files: SettledFiles, read: (path: string) => void): SettledFiles {
  return {
    ...files,
    async read(path, signal) {
      read(path)
      return await files.read(path, signal)
    },
  }
}

/** What a promise resolves to, or the `SecretError` that it rejects with. */
async function settle<T>(promise: Promise<T>): Promise<T | SecretError> {
  try {
    return await promise
  } catch (thrown) {
    if (isSecretError(thrown)) return thrown
    throw thrown
  }
}
