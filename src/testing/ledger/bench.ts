import {
  isSecretError,
  type PromotedBy,
  type RotationJournal,
  type RotationLedger,
  type SecretErrorCode,
  type SecretStore,
  type SecretValue,
  type StoreWith,
  type Version,
} from "../../core/index.ts"
import { calm, collect, ensure, ensureSame, random, within } from "../ensure.ts"
import type { LedgerHarness, LedgerPromises } from "./harness.ts"

/** One promise of a ledger, as a sentence, with the means to see whether it is kept. */
export interface Check {
  readonly name: string
  run(bench: Bench): Promise<void>
}

/** What a check works with. */
export interface Bench extends Omit<LedgerHarness, "promises" | "replica" | "holds" | "withPrefix"> {
  readonly ledger: RotationLedger
  readonly promises: Required<{ [P in keyof LedgerPromises]: NonNullable<LedgerPromises[P]> }>
  /** The same store as another process has it, or the same once more. */
  replica(): Promise<StoreWith<"rotation">>
  /** The same service under a prefix, where the harness can make that. */
  withPrefix?(prefix: string): Promise<StoreWith<"rotation">>
  holds(value: SecretValue): boolean
  /** A portable name that no other check has used. */
  name(last: string): string
  /** A value that no other check has used, and that is text. */
  value(): string
  /** An id of a rotation that is no other's. */
  rotation(): string
  /** A journal at its beginning. */
  journal(change?: Partial<RotationJournal>): RotationJournal
  /** Fails with a sentence where something does not come in time. */
  within<T>(promise: Promise<T>, what: string): Promise<T>
}

/** Makes what a check works with; `close` closes what stores it made beside that of the harness. */
export function benchOf(harness: LedgerHarness, patience: number): { bench: Bench; close(): Promise<void> } {
  const mark = random(8)
  const others: SecretStore[] = []
  const keep = <S extends SecretStore>(store: S): S => {
    if (!others.includes(store) && store !== harness.store) others.push(store)
    return store
  }
  const { promises, replica, withPrefix, holds, put, remove, writeJournal, largest, store } = harness
  let values = 0
  let second: Promise<StoreWith<"rotation">> | undefined
  const bench: Bench = {
    store,
    ledger: store.rotation(),
    promises: {
      promotion: promises.promotion,
      journals: promises.journals ?? true,
      journaled: promises.journaled ?? false,
      parkElects: promises.parkElects ?? true,
      creates: promises.creates ?? true,
      noticesSameValue: promises.noticesSameValue ?? true,
      keepsPrevious: promises.keepsPrevious ?? true,
    },
    replica: () => {
      second ??= (async () => keep((await replica?.call(harness)) ?? store))()
      return second
    },
    ...(withPrefix && { withPrefix: async prefix => keep(await withPrefix.call(harness, prefix)) }),
    put: put.bind(harness),
    ...(remove && { remove: remove.bind(harness) }),
    ...(writeJournal && { writeJournal: writeJournal.bind(harness) }),
    ...(largest !== undefined && { largest }),
    holds: value =>
      (typeof value === "string" || store.capabilities.binary) && (holds?.call(harness, value) ?? true),
    name: last => `check-${mark}/${last}`,
    value: () => `value-${++values}-${mark}-${random(16)}`,
    rotation: () => random(24),
    journal: change => ({
      schema: 1,
      seq: 1,
      state: "claimed",
      owner: random(16),
      leaseUntil: 1_700_000_000_000,
      attempt: 0,
      ...change,
    }),
    within: (promise, what) => within(promise, patience, what),
    close: harness.close.bind(harness),
  }
  return {
    bench,
    async close() {
      for (const other of others) await other.close()
    },
  }
}

/** How much longer than one step of it a whole check may last: not every framework ends a test that hangs. */
const STEPS = 5

/** Runs a check to its end, and ends it if it has none. */
export async function runCheck(check: Check, bench: Bench, patience: number): Promise<void> {
  await within(check.run(bench), STEPS * patience, "the check ends")
}

/** What a secret is now, in the terms of its ledger. */
export interface Now {
  readonly version: Version
  readonly value: SecretValue
}

/** Reads a secret as whoever rotates it does; `undefined` where there is none. */
export async function currentOf(store: StoreWith<"rotation">, name: string): Promise<Now | undefined> {
  const ledger = store.rotation()
  if (ledger.current !== undefined) return await ledger.current(name, calm())
  try {
    return await store.read(name, calm())
  } catch (thrown) {
    if (isSecretError(thrown) && thrown.code === "NOT_FOUND") return undefined
    throw thrown
  }
}

/** Ensures that consumers, and whoever rotates, read just this value. */
export async function ensureIs(bench: Bench, name: string, value: SecretValue, what: string): Promise<Now> {
  ensureSame((await bench.store.read(name, calm())).value, value, `${what}, as consumers read it`)
  const now = await currentOf(bench.store, name)
  ensure(now !== undefined, `${what}: there is one`)
  ensureSame(now.value, value, `${what}, as whoever rotates reads it`)
  return now
}

/** A rotation that has come as far as its candidate. */
export interface Parked {
  readonly name: string
  readonly rotationId: string
  readonly reference: string
  readonly value: SecretValue
  readonly base: Version | undefined
  /** The journal as it stands, where the ledger keeps them. */
  readonly journal: RotationJournal
}

/** Begins a rotation as a Rotator does: the journal, the candidate, the journal that names it. */
export async function begin(
  bench: Bench,
  name: string,
  value: SecretValue = bench.value(),
  seq = 0,
): Promise<Parked> {
  const { ledger } = bench
  const rotationId = bench.rotation()
  const base = (await currentOf(bench.store, name))?.version
  const claim = bench.journal({ seq: seq + 1, rotationId, ...(base === undefined ? {} : { base }) })
  await ledger.journals?.save(name, claim, { ...calm(), expectSeq: seq })
  const { reference } = await ledger.park(name, { ...calm(), rotationId, value })
  const journal = { ...claim, seq: seq + 2, state: "parked" as const, candidate: reference }
  await ledger.journals?.save(name, journal, { ...calm(), expectSeq: seq + 1 })
  return { name, rotationId, reference, value, base, journal }
}

/** Promotes what was begun, through a store or another. */
export async function promote(
  ledger: RotationLedger,
  { name, rotationId, reference, value, base, journal }: Omit<Parked, "reference"> & { reference?: string },
): Promise<PromotedBy> {
  return await ledger.promote(name, {
    ...calm(),
    rotationId,
    value,
    ...(reference === undefined ? {} : { reference }),
    ...(base === undefined ? {} : { expectBase: base }),
    journal: promoted => ({
      ...journal,
      seq: journal.seq + 1,
      state: "promoted",
      promotedVersion: promoted.version,
    }),
  })
}

/** The journal after a promotion, brought to where the next rotation can begin. */
export async function seqAfter(bench: Bench, name: string): Promise<number> {
  return (await bench.ledger.journals?.load(name, calm()))?.journal?.seq ?? 0
}

/** A secret that was rotated: its candidate is promoted and still kept. */
export async function rotated(bench: Bench): Promise<Parked> {
  const name = bench.name("token")
  await bench.put(name, bench.value())
  const parked = await begin(bench, name)
  const { journaled, version } = await promote(bench.ledger, parked)
  const journal = { ...parked.journal, seq: parked.journal.seq + 1, state: "promoted" as const }
  if (!journaled) {
    const written = { ...journal, promotedVersion: version }
    await bench.ledger.journals?.save(name, written, { ...calm(), expectSeq: parked.journal.seq })
  }
  return { ...parked, journal }
}

/** What a candidate is found and discarded by. */
export function idOf({ rotationId, reference }: Parked): {
  readonly rotationId: string
  readonly reference: string
} {
  return { rotationId, reference }
}

/** What became of calls that were made at once. */
export interface Race<T> {
  readonly won: readonly T[]
  readonly lost: readonly SecretErrorCode[]
}

/** Makes calls at once, and tells who won. A loser is to be told `CONFLICT`, and nothing of an unknown outcome. */
export async function race<T>(calls: readonly (() => Promise<T>)[], what: string): Promise<Race<T>> {
  const ended = await Promise.allSettled(calls.map(async call => await call()))
  const won: T[] = []
  const lost: SecretErrorCode[] = []
  for (const one of ended) {
    if (one.status === "fulfilled") won.push(one.value)
    else {
      const error: unknown = one.reason
      ensure(isSecretError(error), `${what}: who loses is told so by a SecretError`)
      ensure(error.code === "CONFLICT", `${what}: who loses is told CONFLICT, and not ${error.code}`)
      ensure(error.outcome === undefined, `${what}: who loses knows that nothing was written`)
      lost.push(error.code)
    }
  }
  return { won, lost }
}

/** How many replicas race for one thing. */
export const RACERS = 8

/** So many calls, in turn by the store and by its replica. */
export async function racers<T>(
  bench: Bench,
  call: (ledger: RotationLedger, place: number) => Promise<T>,
): Promise<(() => Promise<T>)[]> {
  const stores = [bench.store, await bench.replica()]
  return Array.from({ length: RACERS }, (_, place) => () => {
    const store = stores[place % stores.length] ?? bench.store
    return call(store.rotation(), place)
  })
}

/** All names that a store lists, sorted; none where it cannot list. */
export async function listed(store: SecretStore): Promise<readonly string[]> {
  if (store.list === undefined) return []
  return (await collect(store.list(calm()))).map(info => info.name).sort()
}
