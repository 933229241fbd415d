import type { JournalKeeper, RotationJournal, RotationLedger, SecretStore } from "../../../src/core/index.ts"
import { wrapLedger } from "../../../src/testing/wrap-ledger.ts"
import { type FarSide, idOf } from "../crash/far-side/far-side.ts"
import type { Lead } from "./messages.ts"

/** Who hears of what a replica does, and holds it up where it is to stop. */
export interface Watcher {
  /** A call begins. @param isChange whether it does something that whoever was overtaken must not begin. */
  call<T>(name: string, isChange: boolean, ask: () => Promise<T>): Promise<T>
  saved(journal: RotationJournal): void
  promoted(id: string): void
  /** Nobody hears that the lead was taken before this resolves. */
  took(lead: Lead): Promise<void>
}

/** Whoever was overtaken may remove its candidate as its last deed: after the fence it reads the secret once more. */
const CHANGES: ReadonlySet<string> = new Set(["park", "promote"])

/** A store whose rotations are watched. */
export function watchedStore(store: SecretStore, watcher: Watcher): SecretStore {
  return {
    ...store,
    read: (name, options) => watcher.call("read", false, () => store.read(name, options)),
    rotation() {
      if (store.rotation === undefined) throw new TypeError("a store without a ledger cannot be rotated")
      return watchedLedger(store.rotation(), watcher)
    },
  }
}

function watchedLedger(ledger: RotationLedger, watcher: Watcher): RotationLedger {
  const { journals } = ledger
  const wrapped = wrapLedger(ledger, ({ operation }, _signal, ask) => {
    const name = operation.replace("rotation.", "")
    return watcher.call(name, CHANGES.has(name), ask)
  })
  return {
    ...wrapped,
    ...(journals === undefined ? {} : { journals: watchedJournals(journals, watcher) }),
    async promote(name, options) {
      const promoted = await wrapped.promote(name, options)
      watcher.promoted(idOf(String(options.value)))
      if (promoted.journaled) watcher.saved(options.journal(promoted))
      return promoted
    },
  }
}

/** Journals that are watched. */
export function watchedJournals(journals: JournalKeeper, watcher: Watcher): JournalKeeper {
  let seen: RotationJournal | undefined
  return {
    location: journals.location,
    async load(name, options) {
      const loaded = await watcher.call("load", false, () => journals.load(name, options))
      seen = loaded.journal
      return loaded
    },
    async save(name, journal, options) {
      const before = seen
      await watcher.call(`save ${journal.state}`, true, () => journals.save(name, journal, options))
      seen = journal
      watcher.saved(journal)
      const lead = leadOf(before, journal)
      if (lead !== undefined) await watcher.took(lead)
    },
  }
}

function leadOf(before: RotationJournal | undefined, after: RotationJournal): Lead | undefined {
  const from = before?.state ?? "idle"
  if (from === "idle" && after.state === "claimed") return "claimed"
  if (from === "promoted" && after.state === "retiring") return "retiring"
  return from === after.state && before?.owner !== after.owner ? "taken over" : undefined
}

/** A far side whose calls are watched. */
export function watchedFarSide(far: FarSide, watcher: Watcher): FarSide {
  return {
    mint: label => watcher.call("mint", true, () => far.mint(label)),
    list: () => watcher.call("list", false, () => far.list()),
    apply: value => watcher.call("apply", true, () => far.apply(value)),
    accepts: credential => watcher.call("verify", false, () => far.accepts(credential)),
    // Whoever was overtaken ends what it has made itself.
    revoke: credential => watcher.call("revoke", false, () => far.revoke(credential)),
    identify: value => watcher.call("identify", false, () => far.identify(value)),
  }
}
