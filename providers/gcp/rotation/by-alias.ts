import {
  isSecretError,
  type NativeLedger,
  type RotationJournal,
  SecretError,
  type SecretValue,
  sameValue,
} from "../../../src/core/index.ts"
import { isStatus } from "../errors.ts"
import { asStep } from "../step.ts"
import type { Calls } from "./calls.ts"
import { journalIn, otherJournal, withJournal } from "./journal.ts"
import { notesIn, withNotes } from "./notes.ts"
import { isNumber, placeOf } from "./references.ts"
import type { Decision, SecretChanges, Sheet } from "./secret-changes.ts"

type Operations = Pick<NativeLedger, "current" | "park" | "kept" | "discard" | "promote">

/**
 * Rotation where consumers read an alias. A candidate is one more version of the secret, which nobody reads before the
 * alias points to it, and a promotion is one update with an etag that moves the alias and writes the journal.
 *
 * A version that is added has no name of one's own and nobody is elected by adding it. The notes of the secret say which
 * one is the candidate of a rotation, and are written by compare-and-set: who comes second destroys the version that
 * its own call added, and no other.
 */
export function ledgerByAlias(alias: string, calls: Calls, changes: SecretChanges): Required<Operations> {
  return {
    async current(id, { signal }) {
      const version = (await changes.now(id, signal))?.aliases[alias]
      if (version === undefined) return undefined
      const reading = await calls.read({ id, version }, signal)
      if (reading.is === "unreadable") throw reading.thrown
      return reading.is === "absent" ? undefined : { version, value: reading.value }
    },

    async park(id, { rotationId, value, signal }) {
      /** Whoever finds a candidate that is kept no more parks another one in its place. */
      const elected = async (version: string) => {
        const kept = await asStep("access", calls.keptValue({ id, version }, signal))
        return kept === undefined ? undefined : { reference: version, mine: sameValue(kept, value) }
      }
      const before = parkedIn(await seen(calls, id, signal), rotationId)
      const found = before === undefined ? undefined : await elected(before)
      if (found !== undefined) return found
      const own = await added(id, value, true, signal)
      const written = await changes.change(id, signal, (sheet): Decision<string> => {
        const parked = parkedIn(sheet, rotationId)
        if (parked !== undefined && parked !== before) return { do: "leave", result: parked }
        return { do: "write", sheet: { annotations: noting(sheet, rotationId, own) }, result: own }
      })
      if (written === own) return { reference: own, mine: true }
      await withoutFail(calls.destroy({ id, version: own }, signal))
      const other = await elected(written)
      if (other !== undefined) return other
      throw new SecretError("CONFLICT", {
        message: "the candidate was discarded while another one was parked",
      })
    },

    async kept(id, { rotationId, reference, signal }) {
      const version = reference ?? parkedIn(await changes.now(id, signal), rotationId)
      if (version === undefined) return undefined
      const value = await calls.keptValue(placeOf(id, version), signal)
      return value === undefined ? undefined : { reference: version, value }
    },

    async discard(id, { rotationId, signal }) {
      const sheet = await changes.now(id, signal)
      const version = parkedIn(sheet, rotationId)
      // What was promoted, a former value, or what a person made is not in the notes, and is never touched.
      if (sheet === undefined || version === undefined) return
      if (!Object.values(sheet.aliases).includes(version)) await calls.destroy({ id, version }, signal)
      await changes.change(id, signal, now =>
        parkedIn(now, rotationId) === version
          ? { do: "write", sheet: { annotations: noting(now, rotationId, undefined) }, result: undefined }
          : { do: "leave", result: undefined },
      )
    },

    async promote(id, { rotationId, value, reference, expectBase, journal, signal }) {
      /** Why this is refused, if it is. The next journal is asked for with any version: only its number counts here. */
      const refusal = (sheet: Sheet | undefined): SecretError | undefined => {
        if (sheet?.aliases[alias] !== expectBase) return changedMeanwhile()
        const found = journalIn(sheet)
        return found && journal({ version: "1" }).seq !== found.seq + 1 ? otherJournal() : undefined
      }
      const own = reference !== undefined && isNumber(reference)
      const isKept = own && (await calls.has({ id, version: reference }, value, signal))
      if (!isKept) await looked(changes, id, signal, refusal)
      const version = isKept ? reference : await added(id, value, expectBase === undefined, signal)
      const promoted = { version, ...(expectBase === undefined ? {} : { previous: expectBase }) }
      try {
        const journaled = await changes.change(id, signal, (sheet): Decision<boolean> => {
          const error = sheet === undefined ? changedMeanwhile() : refusal(sheet)
          if (error !== undefined) return { do: "refuse", error }
          // Without one, the journals are somewhere else, and nothing of them is written here.
          const next = journalIn(sheet) && journal(promoted)
          return {
            do: "write",
            sheet: {
              annotations: promotedSheet(sheet, rotationId, next),
              aliases: { ...sheet?.aliases, [alias]: version },
            },
            result: next !== undefined,
          }
        })
        return { ...promoted, journaled }
      } catch (thrown) {
        if (!isKept && isSecretError(thrown) && thrown.code === "CONFLICT")
          await withoutFail(calls.destroy({ id, version }, signal))
        throw thrown
      }
    },
  }

  /** Adds a version, to a secret that is made where it is missing, if it may be. */
  async function added(id: string, value: SecretValue, mayBeMissing: boolean, signal: AbortSignal) {
    try {
      return await calls.add(id, value, signal)
    } catch (thrown) {
      if (!mayBeMissing || !isStatus(thrown, "NOT_FOUND")) throw thrown
    }
    try {
      await calls.create(id, {}, signal)
    } catch (thrown) {
      if (!isStatus(thrown, "ALREADY_EXISTS")) throw thrown
    }
    return await calls.add(id, value, signal)
  }
}

/** Ends with the refusal, if there is one, before anything is added. */
async function looked(
  changes: SecretChanges,
  id: string,
  signal: AbortSignal,
  refusal: (sheet: Sheet | undefined) => SecretError | undefined,
): Promise<void> {
  await changes.change(id, signal, (sheet): Decision<undefined> => {
    const error = refusal(sheet)
    return error === undefined ? { do: "leave", result: undefined } : { do: "refuse", error }
  })
}

/** What the notes say, as they were read: perhaps some time ago. */
async function seen(calls: Calls, id: string, signal: AbortSignal): Promise<Sheet | undefined> {
  const secret = await calls.secret(id, signal)
  return secret && { annotations: secret.annotations ?? {}, aliases: {} }
}

function parkedIn(sheet: Sheet | undefined, rotationId: string): string | undefined {
  return notesIn(sheet?.annotations ?? {}).parked.find(([rotation]) => rotation === rotationId)?.[1]
}

/** The annotations, with this candidate of a rotation, or with none. */
function noting(
  sheet: Sheet | undefined,
  rotationId: string,
  version: string | undefined,
): Readonly<Record<string, string>> {
  const annotations = sheet?.annotations ?? {}
  const notes = notesIn(annotations)
  const others = notes.parked.filter(([rotation]) => rotation !== rotationId)
  const parked = version === undefined ? others : [...others, [rotationId, version] as const]
  return withNotes(annotations, { ...notes, parked })
}

function promotedSheet(
  sheet: Sheet | undefined,
  rotationId: string,
  journal: RotationJournal | undefined,
): Readonly<Record<string, string>> {
  const annotations = noting(sheet, rotationId, undefined)
  return journal === undefined ? annotations : withJournal(annotations, journal)
}

function changedMeanwhile(): SecretError {
  return new SecretError("CONFLICT", {
    message: "the alias of the secret was moved while it was rotated",
    hint: "look at what the secret holds now: it is never written over",
  })
}

/** A version that nobody names is left over where this fails; what has been decided is told all the same. */
async function withoutFail(clearing: Promise<void>): Promise<void> {
  await clearing.catch(() => undefined)
}
