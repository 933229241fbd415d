import {
  isSecretError,
  type SecretError,
  type SecretErrorCode,
  type SecretStore,
  type SecretValue,
  type StoredSecret,
  sameValue,
  systemClock,
} from "../../core/index.ts"
import type { Harness } from "./harness.ts"
import { tells } from "./telling.ts"

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

/** The error of a check: a sentence, never a value. */
class BrokenPromise extends Error {
  override readonly name = "BrokenPromise"
}

/** Fails with a sentence. */
export function ensure(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new BrokenPromise(sentence)
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

async function within<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: { clear(): void } | undefined
  const late = new Promise<never>((_, reject) => {
    timer = systemClock.timer("waited-for", milliseconds, () =>
      reject(new BrokenPromise(`${what} within ${milliseconds} ms`)),
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timer?.clear()
  }
}

function random(length: number): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, byte => (byte % 16).toString(16)).join("")
}

// Kept from before a test puts fake timers in its place.
const { setImmediate } = globalThis

/** Lets timers and I/O go on: a store that answers from memory would starve them in a loop of its answers. */
export function turn(): Promise<void> {
  return new Promise<void>(resolve => setImmediate(resolve))
}

/** Options of a call that nobody aborts. */
export function calm(): { readonly signal: AbortSignal } {
  return { signal: new AbortController().signal }
}

/** Options of a call that was aborted before it began. */
export function alreadyAborted(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.abort() }
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

/** Ensures that two values are the same, and tells in what they differ without showing either. */
export function ensureSame(found: SecretValue, expected: SecretValue, what: string): void {
  ensure(typeof found === typeof expected, `${what}: ${kindOf(expected)} came back as ${kindOf(found)}`)
  ensure(
    sameValue(found, expected),
    `${what}: came back changed (length ${found.length}, expected ${expected.length})`,
  )
}

function kindOf(value: unknown): string {
  return typeof value === "string" ? "text" : value instanceof Uint8Array ? "bytes" : typeof value
}

/** Ensures that a call rejects with one of these codes, about this store, and does not tell any of these values. */
export async function ensureRejects(
  call: () => Promise<unknown>,
  codes: SecretErrorCode | readonly SecretErrorCode[],
  what: string,
  hidden: readonly SecretValue[] = [],
): Promise<SecretError> {
  let promise: Promise<unknown>
  try {
    promise = call()
  } catch {
    throw new BrokenPromise(`${what}: threw at once instead of rejecting`)
  }
  try {
    await promise
  } catch (thrown) {
    return ensureError(thrown, codes, what, hidden)
  }
  throw new BrokenPromise(`${what}: succeeded, and ${[codes].flat().join(" or ")} was to come`)
}

/** Ensures that something is an error of ours with one of these codes that tells none of these values. */
export function ensureError(
  thrown: unknown,
  codes: SecretErrorCode | readonly SecretErrorCode[],
  what: string,
  hidden: readonly SecretValue[] = [],
): SecretError {
  const expected = [codes].flat()
  ensure(isSecretError(thrown), `${what}: failed with something that is no SecretError`)
  ensure(
    expected.includes(thrown.code),
    `${what}: failed with ${thrown.code}, and ${expected.join(" or ")} was to come`,
  )
  ensure(thrown.cause === undefined, `${what}: the error carries a cause`)
  for (const value of hidden) {
    ensure(!tells(thrown, value), `${what}: the error tells the value`)
  }
  return thrown
}

/** More than any backend under test holds: a listing that is longer has no end. */
const ENDLESS = 20_000

/** Everything that an iterable of a store gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) {
    ensure(collected.length < ENDLESS, `a listing ends (it gave ${ENDLESS} items)`)
    collected.push(item)
    if (collected.length % 100 === 0) await turn()
  }
  return collected
}
