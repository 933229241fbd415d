import {
  isSecretError,
  type JournalKeeper,
  type RotationJournal,
  type RotationLedger,
} from "../../../../src/core/index.ts"

/**
 * Whoever has a rotation, by the last that it has seen of the journal, writes its journal over that of whoever has taken over
 * since. As long as nobody is overtaken, nothing of this is to be seen.
 */
export function writesOver(ledger: RotationLedger): RotationLedger {
  const { journals } = ledger
  if (journals === undefined) throw new TypeError("the fault is one of journals, and there are none")
  return { ...ledger, journals: writtenOver(journals) }
}

function writtenOver(journals: JournalKeeper): JournalKeeper {
  let seen: RotationJournal | undefined
  return {
    location: journals.location,
    async load(name, options) {
      const loaded = await journals.load(name, options)
      seen = loaded.journal
      return loaded
    },
    async save(name, journal, options) {
      const isUnderWay = seen !== undefined && seen.state !== "idle" && seen.leaseUntil > 0
      const wasOwn = isUnderWay && seen?.owner === journal.owner
      try {
        await journals.save(name, journal, options)
      } catch (thrown) {
        if (!wasOwn || !isSecretError(thrown) || thrown.code !== "CONFLICT") throw thrown
        const expectSeq = (await journals.load(name, options)).journal?.seq ?? 0
        await journals.save(name, { ...journal, seq: expectSeq + 1 }, { ...options, expectSeq })
      }
      seen = journal
    },
  }
}
