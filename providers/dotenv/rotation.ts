import {
  type Clock,
  journalText,
  type NativeLedger,
  type PromotedBy,
  type PromoteOptions,
  type RotationJournal,
  readJournal,
  SecretError,
  type SecretValue,
} from "../../src/core/index.ts"
import { type EnvFiles, homeOf } from "./env-files.ts"
import type { LedgerContent, LedgerEntry } from "./ledger-content.ts"
import type { LedgerFile } from "./ledger-file.ts"
import { LEDGER_SUFFIX } from "./names.ts"
import type { WriteContext } from "./write.ts"

/** What the ledger of `.env` files needs of its store. */
export interface RotationContext {
  readonly files: EnvFiles
  readonly clock: Clock
  readonly location: string
  /** What writes the files, so that its calls wait for each other. */
  writing(): Promise<WriteContext>
}

const CANDIDATE = "candidate/"
const FORMER = "former/"

/**
 * Journals, candidates and former values beside the `.env` in which the secret stands: in `.env.latchkey`, for its owner
 * only. It and the `.env` are each replaced in one step, under the lock that all writers of this library take; between
 * any two steps stands what every call can go on from.
 *
 * The versions of `.env` files are counted by each process for itself, so this ledger has its own: a hash of the value
 * under a random key that stands in the file beside. It follows that a value that was changed and changed back is not
 * noticed; it is the same credential.
 *
 * Whatever somebody else changes in the `.env` stays, an editor that knows no locks included: the file is looked at
 * again right before it is replaced.
 */
export function dotenvLedger({ files, clock, location, writing }: RotationContext): NativeLedger {
  let open: readonly LedgerFile[] | undefined
  const ledgers = async () => {
    // Most programs only read, so what rotates is loaded with the first rotation.
    const { ledgerFiles } = await import("./ledger-file.ts")
    open ??= ledgerFiles(files.files, clock)
    return open
  }

  /** Where something is kept of a secret, or else where it would be: beside the file that has the secret. */
  async function place(name: string, signal: AbortSignal): Promise<LedgerFile> {
    const all = await ledgers()
    for (const ledger of all) if ((await ledger.read())?.entries.has(name)) return ledger
    const home = await homeOf(files, name, signal)
    return all.find(({ beside }) => beside === home) as LedgerFile
  }

  /** What is kept where a secret is, made if there is nothing yet: its key is what all have to agree on. */
  async function contentFor(name: string, signal: AbortSignal): Promise<LedgerContent> {
    const ledger = await place(name, signal)
    return (await ledger.read()) ?? (await ledger.change(made => made, signal))
  }

  const entry = async (name: string, signal: AbortSignal): Promise<LedgerEntry | undefined> =>
    (await (await place(name, signal)).read())?.entries.get(name)

  async function change<T>(name: string, signal: AbortSignal, make: (own: LedgerEntry) => T): Promise<T> {
    const { entryOf } = await import("./ledger-content.ts")
    const ledger = await place(name, signal)
    return await ledger.change(content => make(entryOf(content, name)), signal)
  }

  return {
    promotion: "conditional",
    journals: {
      location: `${location} (${files.files.map(({ shown }) => shown + LEDGER_SUFFIX).join(", ")})`,
      async load(name, { signal }) {
        const found = await entry(name, signal)
        return found?.journal === undefined ? {} : { journal: journalIn(found) }
      },
      async save(name, journal, { expectSeq, signal }) {
        await change(name, signal, own => {
          const found = own.journal === undefined ? 0 : journalIn(own).seq
          if (found !== expectSeq) {
            throw new SecretError("CONFLICT", {
              message: "somebody else wrote the journal of the rotation first",
            })
          }
          own.journal = JSON.parse(journalText(journal))
        })
      },
    },
    async check(name, { signal }) {
      const { checkFiles } = await import("./promote.ts")
      for (const ledger of await ledgers()) await ledger.read()
      await checkFiles(files, await homeOf(files, name, signal), name, signal)
    },
    async current(name, { signal }) {
      const value = await files.round(signal).find(name)
      if (value === undefined) return undefined
      const { versionIn } = await import("./ledger-file.ts")
      return { value, version: versionIn(await contentFor(name, signal), name, value) }
    },
    async placeOf(name, { signal }) {
      const { placeIn } = await import("./ledger-file.ts")
      return placeIn(await contentFor(name, signal), name)
    },
    permissions: () =>
      files.files.flatMap(({ shown }) => [
        { action: "read and replace", on: shown, why: "the secret is written there, in one step" },
        { action: "make, read and replace", on: shown + LEDGER_SUFFIX, why: "the journal and the candidate" },
        {
          action: "make and remove files",
          on: `the folder of ${shown}`,
          why: "locks, and files before they replace others",
        },
      ]),
    async park(name, { rotationId, value, signal }) {
      const text = textOf(value)
      const { refuseUnwritable } = await import("./promote.ts")
      await refuseUnwritable(files, await homeOf(files, name, signal), name, text, signal)
      const mine = await change(name, signal, ({ candidates }) => {
        const parked = candidates.get(rotationId)
        if (parked === undefined) candidates.set(rotationId, text)
        return parked === undefined || parked === text
      })
      return { reference: CANDIDATE + rotationId, mine }
    },
    async kept(name, { rotationId, reference = CANDIDATE + rotationId, signal }) {
      const found = await entry(name, signal)
      const value = reference.startsWith(FORMER)
        ? found?.former.get(reference.slice(FORMER.length))
        : found?.candidates.get(reference.slice(CANDIDATE.length))
      return value === undefined ? undefined : { reference, value }
    },
    async former(name, { rotationId, base, signal }) {
      const reference = formerOf(rotationId, base)
      const value = (await entry(name, signal))?.former.get(reference.slice(FORMER.length))
      return value === undefined ? undefined : { reference, value }
    },
    async discard(name, { rotationId, signal }) {
      // Not to make a file where nothing is to be removed.
      if ((await entry(name, signal)) === undefined) return
      await change(name, signal, ({ candidates, former }) => {
        candidates.delete(rotationId)
        for (const key of [...former.keys()]) if (key.startsWith(`${rotationId}/`)) former.delete(key)
      })
    },
    async promote(name, options: PromoteOptions): Promise<PromotedBy> {
      const { promoteIn } = await import("./promote.ts")
      const { value, rotationId, expectBase, signal } = options
      const ledger = await place(name, signal)
      const version = await promoteIn(await writing(), ledger, name, textOf(value), options)
      return {
        version,
        journaled: false,
        ...(expectBase === undefined ? {} : { previous: formerOf(rotationId, expectBase) }),
      }
    },
  }
}

/** Under which reference a rotation keeps the value that it promotes over. */
function formerOf(rotationId: string, version: string): string {
  return `${FORMER}${rotationId}/${version}`
}

function journalIn({ journal }: LedgerEntry): RotationJournal {
  return readJournal(JSON.stringify(journal))
}

function textOf(value: SecretValue): string {
  if (typeof value === "string") return value
  throw new SecretError("UNSUPPORTED", {
    message: "bytes cannot be stored here",
    hint: "let the plan make text, base64 for example",
  })
}
