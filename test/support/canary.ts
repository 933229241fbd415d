import { isUtf8 } from "node:buffer"
import { randomBytes } from "node:crypto"
import { exposuresOf } from "./exposures.ts"
import { type Form, formsIn, formsOf } from "./leak-forms.ts"

/** A value that stands beside a test's odd value and must turn up nowhere. */
export interface Canary {
  /** 32 letters and digits: safe, and one token, in env files, JSON, URLs and shells. */
  readonly text: string
  /** 24 bytes that are no valid UTF-8. */
  readonly bytes: Uint8Array
  /** Looks through these things, too, when the test ends, and returns the first of them. */
  watch<T>(thing: T, ...more: unknown[]): T
}

const registered = new Map<Canary, unknown[]>()
const formsByCanary = new WeakMap<Canary, readonly Form[]>()

/** Makes a canary; all that the test writes is searched for it when the test ends. */
export function newCanary(): Canary {
  const canary = unregisteredCanary()
  registered.set(canary, [])
  return canary
}

/** A canary that nobody looks for at the end: for tests of the search itself. */
export function unregisteredCanary(): Canary {
  let bytes: Buffer
  do bytes = randomBytes(24)
  while (isUtf8(bytes) || /[+/]/.test(bytes.toString("base64")))
  const canary: Canary = {
    text: bytes.toString("base64"),
    bytes: new Uint8Array(bytes),
    watch(thing, ...more) {
      registered.get(canary)?.push(thing, ...more)
      return thing
    },
  }
  formsByCanary.set(canary, formsOf(canary.text, canary.bytes))
  return canary
}

/** Where, and in which form, eight bytes of the canary stand in what a thing gives out: `[]` is what one wants. */
export function leaksIn(canary: Canary, thing: unknown): string[] {
  const forms = formsByCanary.get(canary)
  if (forms === undefined) throw new TypeError("this canary was not made by newCanary()")
  return exposuresOf(thing).flatMap(({ how, text }) => formsIn(text, forms).map(form => `${form}: ${how}`))
}

/**
 * Fails if any of these things gives out eight bytes of the canary: printed, inspected, serialised, or reachable by
 * keys and getters. Functions are not called.
 */
export function expectNoLeak(canary: Canary, ...things: unknown[]): void {
  const leaks = things.flatMap((thing, index) =>
    leaksIn(canary, thing).map(leak => `thing ${index + 1}: ${leak}`),
  )
  if (leaks.length > 0) throw new Error(`the canary leaked\n  ${leaks.slice(0, 20).join("\n  ")}`)
}

/** What was registered since the last call: the canaries, and what is to be looked through for them. */
export function takeRegistered(): Map<Canary, unknown[]> {
  const taken = new Map(registered)
  registered.clear()
  return taken
}
