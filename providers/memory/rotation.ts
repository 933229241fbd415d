import {
  journalText,
  type Kept,
  type NativeLedger,
  readJournal,
  SecretError,
  type SecretValue,
  sameValue,
} from "../../src/core/index.ts"
import { copyOf, type History } from "./history.ts"

/** What a ledger in memory needs of its store. */
export interface MemorySecrets {
  /** The versions of a secret; an empty history where there is none. */
  historyOf(name: string): History
  /** Makes a value the current version of a secret, and tells those who watch. @returns its version */
  add(name: string, value: SecretValue): string
}

/**
 * Journals and candidates in the memory of one store: they are gone with it, as its secrets are. Two Rotators on one
 * store race for them as two replicas do; nothing here waits, so each call is one step.
 */
export function memoryLedger(location: string, secrets: MemorySecrets): NativeLedger {
  const journals = new Map<string, string>()
  const candidates = new Map<string, SecretValue>()
  // Two stores in memory are two places, whatever they are called. Only there to tell them apart.
  const mark = Math.random().toString(36).slice(2, 10)
  const referenceOf = (name: string, rotationId: string) => `latchkey/rotation/${name}/${rotationId}`

  return {
    promotion: "conditional",
    journals: {
      location,
      async load(name) {
        const text = journals.get(name)
        return text === undefined ? {} : { journal: readJournal(text) }
      },
      async save(name, journal, { expectSeq }) {
        const text = journals.get(name)
        const found = text === undefined ? 0 : readJournal(text).seq
        if (found !== expectSeq)
          throw new SecretError("CONFLICT", {
            message: "somebody else wrote the journal of the rotation first",
          })
        journals.set(name, journalText(journal))
      },
    },
    async check() {},
    placeOf: async name => `${location}${mark} ${name}`,
    permissions: () => [],
    async park(name, { rotationId, value }) {
      const reference = referenceOf(name, rotationId)
      const parked = candidates.get(reference)
      if (parked !== undefined) return { reference, mine: sameValue(parked, value) }
      candidates.set(reference, copyOf(value))
      return { reference, mine: true }
    },
    async kept(name, { rotationId, reference = referenceOf(name, rotationId) }): Promise<Kept | undefined> {
      const candidate = candidates.get(reference)
      if (candidate !== undefined) return { reference, value: copyOf(candidate) }
      const value = secrets.historyOf(name).valueOf(reference)
      return value === undefined ? undefined : { reference, value }
    },
    async discard(name, { rotationId }) {
      candidates.delete(referenceOf(name, rotationId))
    },
    async promote(name, { value, expectBase }) {
      const base = secrets.historyOf(name).current
      if (base !== expectBase)
        throw new SecretError("CONFLICT", { message: "the secret was changed while it was rotated" })
      const version = secrets.add(name, value)
      return { version, journaled: false, ...(base === undefined ? {} : { previous: base }) }
    },
  }
}
