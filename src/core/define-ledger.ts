import type { BackendCalls } from "./backend-calls.ts"
import { rebuild } from "./foreign.ts"
import type { NameMap } from "./name-map.ts"
import type { JournalKeeper, RotationLedger } from "./rotation-ledger.ts"

/**
 * What a backend does for rotation, in its own names: a {@link RotationLedger} whose every name is what the backend
 * calls the secret, prefix and renaming included. It may throw its service's errors; the backend's table is asked with
 * the operations `"rotation.load"`, `"rotation.save"`, `"rotation.check"`, `"rotation.current"`, `"rotation.placeOf"`,
 * `"rotation.park"`, `"rotation.kept"`, `"rotation.former"`, `"rotation.discard"`, `"rotation.promote"` and `"rotation.since"`.
 *
 * What it keeps as secrets of the service, journals, candidates and copies of former values, it keeps under the image
 * of the reserved first segment: `latchkey/rotation/…`, `latchkey--rotation--…`. That is the beginning of the backend's
 * own name: a prefix of the user's does not stand before it, and what stands behind it may be anything, the native name
 * of the secret as well. So `list` hides it and no name reaches it, with a prefix and without one, and two stores with
 * different prefixes that mean the same secret find the same journal.
 */
export interface NativeLedger extends Omit<RotationLedger, "former"> {
  /** Absent where `previous` is `base` itself, which `kept` takes. */
  readonly former?: RotationLedger["former"]
}

/** What a ledger is wrapped with. */
export interface LedgerContext {
  /** That of the store. */
  readonly location: string
  readonly names: NameMap
  readonly calls: BackendCalls
}

/**
 * Makes the {@link RotationLedger} of a backend's own. Done here, once for all of them: names, signals that have
 * aborted, and errors, rebuilt with the secret and the store. A change (`save`, `park`, `discard`, `promote`) whose
 * answer was lost, or that was left in the middle, says `outcome: "unknown"`; a `CONFLICT` never does.
 */
export function defineLedger(
  native: NativeLedger,
  { location, names, calls }: LedgerContext,
): RotationLedger {
  const { journals, current, since, rotationsPerDay } = native

  const nativeOf = (name: string): string => {
    try {
      return names.toNative(name)
    } catch (thrown) {
      throw rebuild(thrown, { secret: name, store: location })
    }
  }

  /** Runs one call for one secret, with its name as the backend has it. */
  async function ask<T>(
    operation: string,
    name: string,
    signal: AbortSignal,
    call: (nativeName: string) => Promise<T>,
  ): Promise<T> {
    const nativeName = nativeOf(name)
    return await calls.run(`rotation.${operation}`, name, signal, () => call(nativeName), nativeName)
  }

  const keeper = (inner: JournalKeeper): JournalKeeper => ({
    location: inner.location,
    load: (name, options) => ask("load", name, options.signal, one => inner.load(one, options)),
    save: (name, journal, options) =>
      ask("save", name, options.signal, one => inner.save(one, journal, options)),
  })

  return Object.freeze<RotationLedger>({
    promotion: native.promotion,
    ...(rotationsPerDay === undefined ? {} : { rotationsPerDay }),
    ...(journals && { journals: Object.freeze(keeper(journals)) }),
    check: (name, options) => ask("check", name, options.signal, one => native.check(one, options)),
    ...(current && {
      current: (name, options) =>
        ask("current", name, options.signal, one => current.call(native, one, options)),
    }),
    placeOf: (name, options) =>
      ask("placeOf", name, options.signal, async one => {
        return (await native.placeOf?.(one, options)) ?? `${location} ${one}`
      }),
    permissions: name => native.permissions(nativeOf(name)),
    park: (name, options) => ask("park", name, options.signal, one => native.park(one, options)),
    kept: (name, options) => ask("kept", name, options.signal, one => native.kept(one, options)),
    former: (name, options) => ask("former", name, options.signal, one => formerIn(native, one, options)),
    discard: (name, options) => ask("discard", name, options.signal, one => native.discard(one, options)),
    promote: (name, options) => ask("promote", name, options.signal, one => native.promote(one, options)),
    ...(since && {
      since: (name, options) => ask("since", name, options.signal, one => since.call(native, one, options)),
    }),
  })
}

/** Former values are versions of the secret, where the backend does not say how it keeps them. */
const formerIn = async (
  native: NativeLedger,
  name: string,
  { base, ...options }: Parameters<RotationLedger["former"]>[1],
): ReturnType<RotationLedger["former"]> =>
  native.former === undefined
    ? await native.kept(name, { ...options, reference: base })
    : await native.former(name, { ...options, base })
