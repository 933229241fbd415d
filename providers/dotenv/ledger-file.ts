import { createHash, createHmac } from "node:crypto"
import { readFile } from "node:fs/promises"
import {
  type Clock,
  errorNumberName,
  SecretError,
  type SecretValue,
  type Version,
} from "../../src/core/index.ts"
import type { EnvFile } from "./env-files.ts"
import { ifThere } from "./if-there.ts"
import { type LedgerContent, newLedger, parseLedger, printLedger } from "./ledger-content.ts"
import { LEDGER_SUFFIX } from "./names.ts"
import { followLinks } from "./replace-file.ts"
import { rewriter } from "./rewrite.ts"

/** The most that others may do with it: nothing. */
const FOR_ITS_OWNER = 0o600

/** The file of rotations beside one `.env`. */
export interface LedgerFile {
  /** The `.env` beside which it stands. */
  readonly beside: EnvFile
  /** What stands in it; `undefined` where there is none. It is replaced as a whole, so nobody reads half of it. */
  read(): Promise<LedgerContent | undefined>
  /**
   * Changes it, or makes it, for its owner only, in one step that no other process takes at the same time.
   *
   * @param change changes what it is given, or throws to leave all as it is; may be called again with what somebody else
   * wrote meanwhile.
   * @returns what the last call of `change` returned
   */
  change<T>(change: (content: LedgerContent) => T, signal: AbortSignal): Promise<T>
}

/** The files of rotations of one store, so that its calls wait for each other. */
export function ledgerFiles(files: readonly EnvFile[], clock: Clock): readonly LedgerFile[] {
  const bytes = async ({ path, shown }: EnvFile) => await readIfThere(path, shown)
  const rewrite = rewriter({ bytes }, { wrote: () => undefined }, clock, FOR_ITS_OWNER)

  // Beside the file itself and not beside a link to it, so that all who write the file find it, whatever they call it.
  const fileBeside = async (file: EnvFile): Promise<EnvFile> => ({
    ...file,
    path: (await followLinks(file.path)) + LEDGER_SUFFIX,
    shown: file.shown + LEDGER_SUFFIX,
  })

  return files.map(beside => ({
    beside,
    async read() {
      const found = await bytes(await fileBeside(beside))
      return found === undefined || found.length === 0 ? undefined : parseLedger(found)
    },
    async change<T>(change: (content: LedgerContent) => T, signal: AbortSignal): Promise<T> {
      const results: T[] = []
      await rewrite(
        await fileBeside(beside),
        async before => {
          const content = before.length === 0 ? newLedger() : parseLedger(before)
          results.push(change(content))
          return printLedger(content)
        },
        signal,
      )
      return results.at(-1) as T
    },
  }))
}

/**
 * The version that a value has wherever the same file of rotations is read: a keyed hash, half of SHA-256. Whoever sees
 * versions, and not that file, cannot try out values on them.
 */
export function versionIn({ key }: LedgerContent, name: string, value: SecretValue): Version {
  const kind = typeof value === "string" ? "text" : "bytes"
  return createHmac("sha256", Buffer.from(key, "base64url"))
    .update(`${kind} ${name}=`)
    .update(value)
    .digest("hex")
    .slice(0, 32)
}

/**
 * Where a secret is, for all who read the same file of rotations: paths would not do, for a folder may be mounted in two
 * places. Tells nothing of the key.
 */
export function placeIn({ key }: LedgerContent, name: string): string {
  return `dotenv:${createHash("sha256").update(`the place of ${key}`).digest("hex").slice(0, 16)} ${name}`
}

async function readIfThere(path: string, shown: string): Promise<Uint8Array | undefined> {
  try {
    return await ifThere(readFile(path))
  } catch (thrown) {
    const code = errorNumberName(thrown)
    if (code !== "EACCES" && code !== "EPERM") throw thrown
    throw new SecretError("DENIED", {
      message: `${shown} may not be read by this process (${code})`,
      hint: "rotate as the user to whom it belongs, or let this user own it",
    })
  }
}
