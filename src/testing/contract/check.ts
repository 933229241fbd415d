import type { SecretStore, SecretValue, StoredSecret } from "../../core/index.ts"
import { calm, ensureSame, random, within } from "../ensure.ts"
import type { Harness } from "./harness.ts"

/** One promise of the contract, as a sentence, with the means to see whether it is kept. */
export interface Check {
  readonly name: string
  run(bench: Bench): Promise<void>
}

/** What a check works with. */
export interface Bench extends Harness {
  /** A portable name that no other check has used. */
  name(last: string): string
  /** A value that no other check has used, and that is text. */
  value(): string
  /** Both. */
  secret(last: string): { readonly name: string; readonly value: string }
  /** Fails with a sentence where something does not come in time. */
  within<T>(promise: Promise<T>, what: string): Promise<T>
  /** Whether the backend can hold a value. */
  holds(value: SecretValue): boolean
}

/** Makes what a check works with, from a harness. */
function benchOf(harness: Harness, patience: number): Bench {
  const mark = random(8)
  const { put, remove, disable, deny, native, largest } = harness
  let values = 0
  const name = (last: string): string => `check-${mark}/${last}`
  const value = (): string => `value-${++values}-${mark}-${random(16)}`
  return {
    store: harness.store,
    put: put.bind(harness),
    ...(remove && { remove: remove.bind(harness) }),
    ...(disable && { disable: disable.bind(harness) }),
    ...(deny && { deny: deny.bind(harness) }),
    ...(native && { native: native.bind(harness) }),
    ...(largest !== undefined && { largest }),
    close: harness.close.bind(harness),
    name,
    value,
    secret: last => ({ name: name(last), value: value() }),
    holds: value =>
      (typeof value === "string" || harness.store.capabilities.binary) && (harness.holds?.(value) ?? true),
    within: (promise, what) => within(promise, patience, what),
  }
}

/** How much longer than one step of it a whole check may last: not every framework ends a test that hangs. */
const STEPS = 5

/** Runs a check to its end, and ends it if it has none. */
export async function runCheck(check: Check, harness: Harness, patience: number): Promise<void> {
  await within(check.run(benchOf(harness, patience)), STEPS * patience, "the check ends")
}

/** Reads a secret as it is now. */
export function read(store: SecretStore, name: string): Promise<StoredSecret> {
  // Not async: a store that throws at once instead of rejecting is to be found.
  return store.read(name, calm())
}

/** Ensures that a read gives just this value. */
export async function ensureReads(
  store: SecretStore,
  name: string,
  value: SecretValue,
  what: string,
): Promise<StoredSecret> {
  const answer = await read(store, name)
  ensureSame(answer.value, value, what)
  return answer
}
