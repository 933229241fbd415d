import { access, constants } from "node:fs/promises"
import { dirname } from "node:path"
import { FILE_SUFFIX, type PromoteOptions, SecretError, type Version } from "../../src/core/index.ts"
import { setEntry } from "./edit.ts"
import { type EnvFile, type EnvFiles, homeOf } from "./env-files.ts"
import { decode, entriesOf } from "./format.ts"
import { entryOf } from "./ledger-content.ts"
import { type LedgerFile, versionIn } from "./ledger-file.ts"
import { followLinks } from "./replace-file.ts"
import { refuseFileEntry, type WriteContext } from "./write.ts"

/**
 * Makes a value the current one of a secret that is still what it was: under the lock of the `.env`, the value before is
 * written to the file beside, and then the `.env` is replaced.
 *
 * @returns the version that the secret has now
 * @throws SecretError `CONFLICT` if the secret is another one, or stands in another file than before
 */
export async function promoteIn(
  { envFiles, rewrite }: WriteContext,
  ledger: LedgerFile,
  name: string,
  value: string,
  { rotationId, expectBase, signal }: PromoteOptions,
): Promise<Version> {
  const content = (await ledger.read()) ?? (await ledger.change(made => made, signal))
  const file = await homeOf(envFiles, name, signal)
  await rewrite(
    file,
    async before => {
      // Another file may hide this one since: what is written here, nobody would read.
      if ((await homeOf(envFiles, name, signal)) !== file) throw changed()
      const entries = entriesOf(decode(before).text)
      refuseFileEntry(entries, name)
      const current = entries.get(name)
      const version = current === undefined ? undefined : versionIn(content, name, current)
      if (version !== expectBase) throw changed()
      if (current === undefined) return setEntry(before, name, value)
      const after = current === value ? before : setEntry(before, name, value)
      await ledger.change(
        made => void entryOf(made, name).former.set(`${rotationId}/${version}`, current),
        signal,
      )
      return after
    },
    signal,
  )
  return versionIn(content, name, value)
}

/**
 * Refuses what a rotation would only find out when it promotes.
 *
 * @throws SecretError `UNSUPPORTED` for a secret whose value stands in a file of its own; system errors for files that
 * may not be replaced
 */
export async function checkFiles(
  files: EnvFiles,
  home: EnvFile,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const entries = await files.round(signal).entries(home)
  if (entries.has(name + FILE_SUFFIX)) {
    throw new SecretError("UNSUPPORTED", {
      message: `its value stands in a file of its own, which ${name}${FILE_SUFFIX} names, and is not rotated there`,
      hint: `write ${name}=… in place of the line ${name}${FILE_SUFFIX}, or rotate whatever makes that file`,
    })
  }
  const path = await followLinks(home.path)
  const isThere = (await files.bytes(home, signal)) !== undefined
  if (isThere) await access(path, constants.W_OK)
  await access(dirname(path), constants.W_OK)
}

/**
 * Refuses a candidate that could not be written when its time has come.
 *
 * @throws SecretError `INVALID_VALUE`, `MISCONFIGURED` as {@link setEntry} does
 */
export async function refuseUnwritable(
  files: EnvFiles,
  home: EnvFile,
  name: string,
  value: string,
  signal: AbortSignal,
): Promise<void> {
  setEntry((await files.bytes(home, signal)) ?? new Uint8Array(), name, value)
}

function changed(): SecretError {
  return new SecretError("CONFLICT", { message: "the secret was changed while it was rotated" })
}
