import {
  isSecretError,
  type SecretError,
  type SecretErrorCode,
  type SecretValue,
  sameValue,
  systemClock,
} from "../core/index.ts"
import { tells } from "./telling.ts"

/** The error of a check: a sentence, never a value. */
class BrokenPromise extends Error {
  override readonly name = "BrokenPromise"
}

/** Fails with a sentence. */
export function ensure(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new BrokenPromise(sentence)
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

/** Fails with a sentence where something does not come in time. */
export async function within<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
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

/** Digits of chance. */
export function random(length: number): string {
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
