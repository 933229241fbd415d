import {
  type Clock,
  FILE_SUFFIX,
  SecretError,
  type SecretValue,
  type SettledFiles,
  type Version,
  type VersionInfo,
  type WriteOptions,
} from "../../src/core/index.ts"
import { removeEntry, setEntry } from "./edit.ts"
import { type EnvFile, type EnvFiles, filesWith } from "./env-files.ts"
import { decode, entriesOf } from "./format.ts"
import { type Rewrite, rewriter } from "./rewrite.ts"

/** What writing needs. */
export interface WriteContext {
  readonly envFiles: EnvFiles
  readonly rewrite: Rewrite
  versionOf(name: string, value: SecretValue): Version
}

/** What the operations of one store share, so that they wait for each other. */
export function writeContext(
  envFiles: EnvFiles,
  settled: SettledFiles,
  clock: Clock,
  versionOf: WriteContext["versionOf"],
): WriteContext {
  return { envFiles, rewrite: rewriter(envFiles, settled, clock), versionOf }
}

/**
 * Writes a secret to the file that it is read from, a new one to the first file.
 *
 * @throws SecretError `CONFLICT` if the precondition does not hold, also when the value stands in a file of its own
 * (`NAME_FILE`): that file is not ours; `INVALID_VALUE`, `MISCONFIGURED` as {@link setEntry} does
 */
export async function writeSecret(
  { envFiles, rewrite, versionOf }: WriteContext,
  name: string,
  value: SecretValue,
  { expect, signal }: WriteOptions,
): Promise<VersionInfo> {
  if (typeof value !== "string")
    throw new SecretError("UNSUPPORTED", { message: "bytes cannot be stored here" })
  const [file = envFiles.files[0] as EnvFile] = await filesWith(envFiles, name, signal)
  await rewrite(
    file,
    async before => {
      const entries = entriesOf(decode(before).text)
      refuseFileEntry(entries, name)
      const current = entries.get(name)
      refuseOther(current === undefined ? undefined : versionOf(name, current), expect)
      return current === value ? before : setEntry(before, name, value)
    },
    signal,
  )
  return { version: versionOf(name, value), current: true, readable: true }
}

/**
 * Removes a secret from every file that has it. From the last one first: whatever happens in between, no value that
 * was hidden by another one comes to light.
 *
 * @throws SecretError `NOT_FOUND`; `CONFLICT` if the value stands in a file of its own; `MISCONFIGURED` as
 * {@link removeEntry} does
 */
export async function deleteSecret(
  { envFiles, rewrite }: WriteContext,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const having = await filesWith(envFiles, name, signal)
  if (having.length === 0) throw new SecretError("NOT_FOUND")
  for (const file of having.toReversed()) {
    await rewrite(
      file,
      async before => {
        refuseFileEntry(entriesOf(decode(before).text), name)
        return removeEntry(before, name)
      },
      signal,
    )
  }
}

/** Refuses a secret whose value stands in a file of its own. @throws SecretError `CONFLICT` */
export function refuseFileEntry(entries: ReadonlyMap<string, string>, name: string): void {
  if (!entries.has(name + FILE_SUFFIX)) return
  throw new SecretError("CONFLICT", {
    message: `its value stands in a file of its own, which ${name}${FILE_SUFFIX} names`,
    hint: `write to that file, or remove the line ${name}${FILE_SUFFIX}`,
  })
}

function refuseOther(version: Version | undefined, expect: Version | undefined): void {
  if (expect === undefined) return
  if (expect === "absent" && version !== undefined) {
    throw new SecretError("CONFLICT", { message: "there is such a secret already" })
  }
  if (expect !== "absent" && version !== expect) {
    throw new SecretError("CONFLICT", { message: "another version is the current one" })
  }
}
