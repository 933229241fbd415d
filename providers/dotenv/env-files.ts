import { dirname, resolve } from "node:path"
import {
  environmentValue,
  FILE_SUFFIX,
  fileError,
  type SecretValue,
  type SettledFiles,
} from "../../src/core/index.ts"
import { decode, entriesOf } from "./format.ts"

/** One `.env`. */
export interface EnvFile {
  readonly path: string
  /** What relative paths in it start from. */
  readonly folder: string
  /** How it is called in messages: as the user wrote it. */
  readonly shown: string
}

/** What stands in a `.env`: the last entry of each name. */
export type Entries = ReadonlyMap<string, string>

/** The files of one store, in the order in which they win. */
export interface EnvFiles {
  readonly files: readonly EnvFile[]
  /**
   * The bytes of one file as they are now. `undefined` for a file that may be missing and was never there.
   *
   * @throws SecretError `MISCONFIGURED` if it never was readable; `UNAVAILABLE` if it was and is not now; `ABORTED`
   */
  bytes(file: EnvFile, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Begins a round, in which each file is read once, when it is first asked for. */
  round(signal: AbortSignal): Round
}

/** One look at the files, for one secret or for many. */
export interface Round {
  /** @throws SecretError what {@link EnvFiles.bytes} throws; `INVALID_VALUE` if the file cannot be understood */
  entries(file: EnvFile): Promise<Entries>
  /**
   * The value of a secret, from the first file that has it. A file that cannot be read hides those behind it, because
   * nobody knows whether it has the secret.
   */
  find(name: string): Promise<SecretValue | undefined>
}

/** @param optional whether a file may be missing from the beginning. */
export function envFiles(paths: readonly string[], optional: boolean, settled: SettledFiles): EnvFiles {
  const files = paths.map((shown): EnvFile => {
    const path = resolve(shown)
    return { path, folder: dirname(path), shown }
  })

  async function bytes({ path, shown }: EnvFile, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const reading = await settled.read(path, signal)
    if ("bytes" in reading) return reading.bytes
    const wasRead = settled.wasRead(path)
    if (optional && !wasRead && reading.problem === "missing") return undefined
    throw fileError(shown, reading, wasRead)
  }

  function round(signal: AbortSignal): Round {
    const read = new Map<EnvFile, Promise<Entries>>()

    async function readEntries(file: EnvFile): Promise<Entries> {
      const content = await bytes(file, signal)
      return content === undefined ? new Map() : entriesOf(decode(content).text)
    }

    function entries(file: EnvFile): Promise<Entries> {
      const found = read.get(file) ?? readEntries(file)
      read.set(file, found)
      return found
    }

    return {
      entries,
      async find(name) {
        for (const file of files) {
          const variables = await entries(file)
          const value = await environmentValue(
            name,
            key => variables.get(key),
            () => file.folder,
            settled,
            signal,
          )
          if (value !== undefined) return value
        }
        return undefined
      },
    }
  }

  return { files, bytes, round }
}

/** The files in which a secret stands, in the order in which they win. */
export async function filesWith(envFiles: EnvFiles, name: string, signal: AbortSignal): Promise<EnvFile[]> {
  const round = envFiles.round(signal)
  const having: EnvFile[] = []
  for (const file of envFiles.files) {
    const entries = await round.entries(file)
    if (entries.has(name) || entries.has(name + FILE_SUFFIX)) having.push(file)
  }
  return having
}

/** The file in which a secret stands; for a new one the first. */
export async function homeOf(envFiles: EnvFiles, name: string, signal: AbortSignal): Promise<EnvFile> {
  const [home = envFiles.files[0] as EnvFile] = await filesWith(envFiles, name, signal)
  return home
}
