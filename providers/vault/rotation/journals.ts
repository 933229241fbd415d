import {
  type JournalKeeper,
  journalText,
  misconfigured,
  readJournal,
  SecretError,
} from "../../../src/core/index.ts"
import { mapOf } from "../value.ts"
import type { Engine, Found } from "./engine.ts"
import { before, isMismatch, isNotTaken, isRefused } from "./failures.ts"
import { placesOf } from "./places.ts"

/** How many versions of a journal are kept: enough to see by hand what happened last. */
const JOURNALS_KEPT = 5

/**
 * The shortest time after which a mount may delete versions by age, in milliseconds: a week. A journal lives for that long
 * after its last change, and is given the time anew by whoever loads it when half of it is over.
 */
export const SHORTEST_AGE: number = 7 * 24 * 3_600_000

/** What to say of a mount that deletes versions sooner. */
export function tooShortAge(): SecretError {
  return misconfigured(
    "the mount deletes versions by their age within a week, and with them the journals of rotations",
    "set delete_version_after of the mount to a week or more, or set it for single secrets instead (vault kv metadata put)",
  )
}

/**
 * Journals as secrets of the engine, written with check-and-set. The number of the version is the engine's; `seq` stands in
 * the text. So the one that is to be replaced is read first, and only that very one is replaced.
 *
 * A journal that somebody deleted, or destroyed, is none: the next one is written in its place.
 */
export function journalsIn(engine: Engine, location: string): JournalKeeper {
  return {
    location,
    async load(name, { signal, glance }) {
      const { journal } = placesOf(name)
      const { found, at } = await engine.look(journal, signal)
      if (found !== undefined && glance !== true) await keepAlive(journal, found, at, signal)
      return {
        ...(found !== undefined && { journal: readJournal(found.value) }),
        ...(at !== undefined && { at }),
      }
    },
    async save(name, journal, { expectSeq, signal }) {
      const path = placesOf(name).journal
      const { found, current } = await before(engine.look(path, signal))
      const seq = found === undefined ? 0 : readJournal(found.value).seq
      if (seq !== expectSeq) throw takenBy(seq)
      if (current === 0) await before(keepFew(path, signal))
      try {
        await engine.put(path, mapOf(journalText(journal)), current, signal)
      } catch (thrown) {
        throw isMismatch(thrown) ? takenBy() : thrown
      }
    },
  }

  /** Sees that a mount that deletes versions by age does not delete the journal of a rotation that goes on. */
  async function keepAlive(
    path: string,
    { version, createdAt, endsAt }: Found,
    at: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (endsAt === undefined || createdAt === undefined) return
    if (endsAt - createdAt < SHORTEST_AGE) throw tooShortAge()
    if (endsAt - (at ?? Date.now()) < SHORTEST_AGE / 2) await engine.prolong(path, version, signal)
  }

  /** Who may not set it, or has to name a version of the metadata for it, goes on with what the mount keeps. */
  async function keepFew(path: string, signal: AbortSignal): Promise<void> {
    try {
      await engine.keepVersions(path, JOURNALS_KEPT, signal)
    } catch (thrown) {
      if (!isRefused(thrown) && !isNotTaken(thrown)) throw thrown
    }
  }
}

function takenBy(seq?: number): SecretError {
  const found = seq === undefined ? "" : seq === 0 ? ": there is none" : `: it has seq ${seq}`
  return new SecretError("CONFLICT", {
    message: `the journal of the rotation is another one by now${found}`,
    hint: "somebody else carries the rotation on, or has removed its journal: it is to be loaded again",
  })
}
