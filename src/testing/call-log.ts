import type { Version } from "../core/index.ts"

/** All that can be asked of a store, by name. */
export const OPERATIONS = [
  "read",
  "readMany",
  "write",
  "list",
  "versions",
  "delete",
  "watch",
  "ping",
  "close",
  "rotation.load",
  "rotation.save",
  "rotation.check",
  "rotation.current",
  "rotation.placeOf",
  "rotation.park",
  "rotation.kept",
  "rotation.former",
  "rotation.discard",
  "rotation.promote",
  "rotation.since",
] as const

/** What can be asked of a store; what begins with `rotation.` is asked of its ledger. */
export type Operation = (typeof OPERATIONS)[number]

const LEDGER_CHANGES: ReadonlySet<Operation> = new Set([
  "rotation.save",
  "rotation.park",
  "rotation.discard",
  "rotation.promote",
])

/** Whether a call changes what a ledger keeps: when its answer is lost, nobody knows whether it did. */
export function changesLedger({ operation }: StoreCall): boolean {
  return LEDGER_CHANGES.has(operation)
}

/** What can be asked of a ledger. */
export type LedgerOperation = Operation extends infer O
  ? O extends `rotation.${infer L}`
    ? L
    : never
  : never

/** One call of a store, without any value. */
export interface StoreCall {
  readonly operation: Operation
  /** The names that were asked for, in the spelling of the caller; none for `list`, `ping`, `close`. */
  readonly names: readonly string[]
  /** The version that was asked for, if one was. */
  readonly version?: Version
}

/** What was asked of a store so far. */
export interface CallLog extends Iterable<StoreCall> {
  /** How many calls there were: of an operation, for a name. */
  count(operation?: Operation, name?: string): number
  /** How many calls of an operation were under way at the same time, at the most. */
  mostAtOnce(operation: Operation, name?: string): number
  /** How many calls have begun and not ended. */
  underWay(operation?: Operation, name?: string): number
  /** Forgets the calls that have ended, and the most at once. */
  clear(): void
}

/** Makes an empty log, with the means to add to it. */
export function callLog(): { readonly calls: CallLog; begin(call: StoreCall): () => void } {
  const past: StoreCall[] = []
  const present = new Set<StoreCall>()
  const most = new Map<string, number>()

  const matching = (calls: Iterable<StoreCall>, operation?: Operation, name?: string): number => {
    let count = 0
    for (const call of calls) {
      if (operation !== undefined && call.operation !== operation) continue
      if (name === undefined || call.names.includes(name)) count++
    }
    return count
  }
  const keyOf = (operation: Operation, name?: string): string =>
    name === undefined ? operation : `${operation} ${name}`
  const raise = (operation: Operation, name?: string): void => {
    const key = keyOf(operation, name)
    most.set(key, Math.max(most.get(key) ?? 0, matching(present, operation, name)))
  }

  return {
    calls: {
      [Symbol.iterator]: () => past.values(),
      count: (operation, name) => matching(past, operation, name),
      mostAtOnce: (operation, name) => most.get(keyOf(operation, name)) ?? 0,
      underWay: (operation, name) => matching(present, operation, name),
      clear() {
        past.splice(0, past.length, ...present)
        most.clear()
        for (const { operation, names } of present) {
          raise(operation)
          for (const name of names) raise(operation, name)
        }
      },
    },
    begin(call) {
      past.push(call)
      present.add(call)
      raise(call.operation)
      for (const name of call.names) raise(call.operation, name)
      return () => void present.delete(call)
    },
  }
}
