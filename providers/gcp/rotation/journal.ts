import {
  type JournalKeeper,
  journalText,
  type RotationJournal,
  readJournal,
  SecretError,
} from "../../../src/core/index.ts"
import { JOURNAL } from "./notes.ts"
import type { SecretChanges, Sheet } from "./secret-changes.ts"

/**
 * The journal of a secret in an annotation of it. A secret that is missing is made by its first journal; it has no
 * version then, and reads as missing.
 */
export function annotatedJournals(location: string, changes: SecretChanges): JournalKeeper {
  return {
    location,
    async load(id, { signal, glance }) {
      const sheet = await (glance === true ? changes.lately(id, signal) : changes.now(id, signal))
      const journal = journalIn(sheet)
      return journal === undefined ? {} : { journal }
    },
    async save(id, journal, { expectSeq, signal }) {
      await changes.change(id, signal, sheet => {
        const found = journalIn(sheet)?.seq ?? 0
        return found === expectSeq
          ? {
              do: "write",
              sheet: { annotations: withJournal(sheet?.annotations ?? {}, journal) },
              result: undefined,
            }
          : { do: "refuse", error: otherJournal() }
      })
    },
  }
}

/** The journal that stands on a secret. @throws SecretError `INVALID_VALUE`, `UNSUPPORTED` */
export function journalIn(sheet: Sheet | undefined): RotationJournal | undefined {
  const text = sheet?.annotations[JOURNAL]
  return text === undefined ? undefined : readJournal(text)
}

/** The annotations with this journal in them. */
export function withJournal(
  annotations: Readonly<Record<string, string>>,
  journal: RotationJournal,
): Readonly<Record<string, string>> {
  return { ...annotations, [JOURNAL]: journalText(journal) }
}

/** That somebody else was first. */
export function otherJournal(): SecretError {
  return new SecretError("CONFLICT", { message: "somebody else wrote the journal of the rotation first" })
}
