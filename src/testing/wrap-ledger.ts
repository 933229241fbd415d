import type { JournalKeeper, RotationLedger } from "../core/index.ts"
import type { LedgerOperation } from "./call-log.ts"
import type { Strike } from "./wrap-store.ts"

/** A ledger whose every call goes through `strike`, with the same optional parts. What it says of itself is not struck. */
export function wrapLedger(ledger: RotationLedger, strike: Strike): RotationLedger {
  const { journals, current, placeOf, since } = ledger

  const ask = <T>(
    operation: LedgerOperation,
    name: string,
    signal: AbortSignal,
    call: () => Promise<T>,
  ): Promise<T> => strike({ operation: `rotation.${operation}`, names: [name] }, signal, call)

  const keeper = (inner: JournalKeeper): JournalKeeper => ({
    location: inner.location,
    load: (name, options) => ask("load", name, options.signal, () => inner.load(name, options)),
    save: (name, journal, options) =>
      ask("save", name, options.signal, () => inner.save(name, journal, options)),
  })

  return Object.freeze<RotationLedger>({
    promotion: ledger.promotion,
    ...(ledger.rotationsPerDay === undefined ? {} : { rotationsPerDay: ledger.rotationsPerDay }),
    ...(journals && { journals: Object.freeze(keeper(journals)) }),
    check: (name, options) => ask("check", name, options.signal, () => ledger.check(name, options)),
    ...(current && {
      current: (name, options) =>
        ask("current", name, options.signal, () => current.call(ledger, name, options)),
    }),
    ...(placeOf && {
      placeOf: (name, options) =>
        ask("placeOf", name, options.signal, () => placeOf.call(ledger, name, options)),
    }),
    permissions: name => ledger.permissions(name),
    park: (name, options) => ask("park", name, options.signal, () => ledger.park(name, options)),
    kept: (name, options) => ask("kept", name, options.signal, () => ledger.kept(name, options)),
    former: (name, options) => ask("former", name, options.signal, () => ledger.former(name, options)),
    discard: (name, options) => ask("discard", name, options.signal, () => ledger.discard(name, options)),
    promote: (name, options) => ask("promote", name, options.signal, () => ledger.promote(name, options)),
    ...(since && {
      since: (name, options) => ask("since", name, options.signal, () => since.call(ledger, name, options)),
    }),
  })
}
