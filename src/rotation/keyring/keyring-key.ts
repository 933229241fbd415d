import {
  type CallOptions,
  type Clock,
  type Duration,
  isSecretError,
  misconfigured,
  refuseNoFunction,
  refuseUnknownOptions,
  SecretError,
  systemClock,
} from "../../core/index.ts"
import type { Credential, GeneratedPlan, Verdict } from "../plan.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "../plans/plan-options.ts"
import { KEY_FORM_OPTIONS, type KeyForm, randomKeys } from "../random-key.ts"
import { currentKey, formatKeySet, type KeySet, readKeySet, type StoredKey, withoutOldKeys } from "./set.ts"

/** The options of {@link keyringKey}. */
export interface KeyringKeyOptions extends KeyForm, ReadyPlanOptions {
  /**
   * Makes the value of a new key where it is not just random: a private key as a JWK or a PEM. Its id is chosen here;
   * an id that the value has of its own is not looked at. Instead of the form of a random key.
   */
  readonly make?: (options: CallOptions) => string | Promise<string>
  /** Whether a key works, by signing something with it and checking that. Asked before the key is published. Default: it does. */
  readonly check?: (value: string, options: CallOptions) => boolean | Promise<boolean>
  /**
   * How long a new key is only good for checking before anyone signs with it. Default: the least that `consumers`
   * allows, 1.1 × `ttl` + `maxStale`; less is refused.
   */
  readonly propagation?: Duration
  /** Dates the end of old keys. Default: the clock of the machine. */
  readonly clock?: Clock
}

const OPTIONS: readonly (keyof KeyringKeyOptions)[] = [
  ...KEY_FORM_OPTIONS,
  ...READY_PLAN_OPTIONS,
  "make",
  "check",
  "propagation",
  "clock",
]

/**
 * The plan of a set of keys that `keyring()` reads: `{ current, keys: [{ id, value, notAfter }] }`, in one secret, on any
 * store. A new key is published for checking, and only after `propagation`, when every reader knows it, is it signed
 * with; the one before stays good for checking for the grace.
 *
 * A secret that holds a plain key is adopted: it becomes the first key of the set, with the id `initial`.
 *
 * At the end of the grace the old key leaves the set.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist, a form that is none, one with less than 128
 * random bits, and one that is not text. Its functions throw `INVALID_VALUE` where the secret holds a set that is
 * garbled, and where `make` makes something that is no new key.
 */
export function keyringKey(options: KeyringKeyOptions): GeneratedPlan {
  refuseUnknownOptions("keyringKey()", options, OPTIONS)
  const { check = () => true, clock = systemClock } = options
  refuseNoFunction("check of keyringKey()", check)
  const keys = makerOf(options)
  return {
    kind: "generated",
    overlap: true,
    ...taken(options),
    ...(options.propagation === undefined ? {} : { propagation: options.propagation }),

    async create({ current, signal, grace, propagation }): Promise<Credential> {
      const value = await keys.make({ signal })
      const before = current === undefined ? undefined : readKeySet(current.value)
      refuseNoNewKey(value, before)
      const key: StoredKey = { id: newId(before), value }
      const now = clock.wall()
      const ending = { notAfter: now + propagation + grace, overlap: grace }
      const others = before === undefined ? [] : stillGood(before, now).map(old => ({ ...ending, ...old }))
      return { value: formatKeySet({ current: key.id, keys: [key, ...others] }), id: key.id }
    },

    publish(current, candidate) {
      const next = readKeySet(candidate)
      const { id } = currentKey(wholeOr(next, () => readKeySet(current)))
      const isOld = next.keys.some(key => key.id === id)
      // Made from another set than this one: whoever writes it is told that the secret has changed.
      if (!isOld) return candidate
      const published = next.keys.map(key => (key.id === id ? { id, value: key.value } : key))
      return formatKeySet({ current: id, keys: published })
    },

    withoutOld: withoutOldKeys,

    async verify({ value }, { signal, former }): Promise<Verdict> {
      let set: KeySet
      try {
        set = readKeySet(value)
      } catch {
        // What cannot be read as a set is no credential; why not is for the one that goes back to it, not for this one.
        return "refused"
      }
      const key = currentKey(set)
      // On the way back it is a key of before, which may have been made in another form.
      const isNewest = set.keys[0] === key
      if (!former && isNewest && !keys.hasForm(key.value)) return "refused"
      return (await check(key.value, { signal })) ? "works" : "refused"
    },

    async identify(value) {
      return currentKey(readKeySet(value)).id
    },
  }
}

interface Maker {
  make(options: CallOptions): string | Promise<string>
  hasForm(value: string): boolean
}

function makerOf(options: KeyringKeyOptions): Maker {
  const { make, encoding } = options
  if (make !== undefined) {
    refuseNoFunction("make of keyringKey()", make)
    if (KEY_FORM_OPTIONS.some(option => options[option] !== undefined)) {
      throw misconfigured(
        "keyringKey() was given both make and the form of a random key",
        "leave one of them out",
      )
    }
    return { make, hasForm: () => true }
  }
  if (encoding === "bytes") {
    throw misconfigured(
      "the encoding of keyringKey() is bytes, and a set of keys is text",
      'write "base64url", and turn the text into bytes where the key is used',
    )
  }
  const random = randomKeys("keyringKey()", options)
  return { make: () => random.make() as string, hasForm: value => random.hasForm(value) }
}

/** What is good for checking beside the new key. A rotation begins only after the one before has retired its old keys. */
function stillGood({ current, keys }: KeySet, now: number): StoredKey[] {
  return keys.flatMap(key => {
    // Whatever end it had when it was published or put back: its end begins now.
    if (key.id === current) return [{ id: key.id, value: key.value }]
    return key.notAfter !== undefined && key.notAfter < now ? [] : [key]
  })
}

function refuseNoNewKey(value: unknown, before: KeySet | undefined): void {
  if (typeof value !== "string" || value === "") {
    throw new SecretError("INVALID_VALUE", {
      message: "make of keyringKey() made no key",
      hint: "it returns the new key as text: a JWK, a PEM",
    })
  }
  if (before?.keys.some(key => key.value === value)) {
    throw new SecretError("INVALID_VALUE", {
      message: "make of keyringKey() made a key that is in the set already",
      hint: "it makes another key every time",
    })
  }
}

/** 128 random bits, so that no id comes twice and none tells anything of its key. */
function newId(before: KeySet | undefined): string {
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url")
  return before?.keys.some(key => key.id === id) ? newId(before) : id
}

/** What a person wrote into the secret in mid-rotation may be no set: then it is none from which the next one was made. */
function wholeOr(otherwise: KeySet, read: () => KeySet): KeySet {
  try {
    return read()
  } catch (thrown) {
    if (isSecretError(thrown)) return otherwise
    throw thrown
  }
}
