import { type Duration, parseDuration, SecretError, type SecretValue } from "../../core/index.ts"

/** One key of a set, as it is stored. Shows its value when printed: it is handed to nobody outside of this folder. */
export interface StoredKey {
  /** What tokens name it by, for JWTs the `kid`: no secret. */
  readonly id: string
  readonly value: string
  /**
   * Until when it is good for checking if the rotation goes on in time, in milliseconds since 1970. Absent for the
   * current key, and for one that was only published: those are good for as long as they stand here.
   */
  readonly notAfter?: number
  /**
   * For how long it is good for checking, in milliseconds, from when a program first sees that it is not the current
   * one. When the set is made nobody knows yet when it will be promoted: a rotation may stand still for days. So of
   * `notAfter` and this the later one counts; without it `notAfter` counts alone.
   */
  readonly overlap?: number
}

/** A set of keys: one to sign with, and all that are good for checking, newest first. */
export interface KeySet {
  readonly current: string
  readonly keys: readonly StoredKey[]
  /** Whether the secret holds no set, but a key as it is. */
  readonly plain?: true
}

/**
 * The id of a key that was there before there was a set: a value that is no set is a set of this one key. A fixed word,
 * and nothing that is derived from the value: ids are public, and whoever has one that was derived could try out short
 * keys on it, without any token. It is the same in every replica, because it is the same everywhere.
 */
export const ADOPTED_ID = "initial"

const SET_FIELDS: readonly string[] = ["current", "keys"]
const KEY_FIELDS: readonly string[] = ["id", "value", "notAfter", "overlap"]

/** What may be an id: 1 to 256 printable ASCII characters without the space. */
const ID = /^[\x21-\x7e]{1,256}$/

/** Dates as {@link formatKeySet} writes them, and as people write them: with a time zone, or it would depend on the machine's. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

/** Whether something may be an id of a key. What may not is looked for nowhere. */
export function isKeyId(id: unknown): id is string {
  return typeof id === "string" && ID.test(id)
}

/**
 * The keys that a secret holds: those of a set, or of a value that is none the one key that it is, with the id
 * {@link ADOPTED_ID}.
 *
 * What looks like a set has to be a whole one. If half a set were taken for a key, programs would sign with it.
 *
 * @throws SecretError `INVALID_VALUE` for bytes, for an empty value, and for a set that is garbled: not JSON, a field
 * that does not exist or does not have its form, an id twice, a current key that is not among the keys. It quotes
 * nothing of the value.
 */
export function readKeySet(value: SecretValue): KeySet {
  if (typeof value !== "string") {
    throw invalid("the value is bytes, and a key of a keyring is text", "store the key as base64url text")
  }
  if (value === "") throw invalid("the key is empty", "store a key, or let a rotation make the first one")
  const content = setIn(value)
  if (content === undefined) return { current: ADOPTED_ID, keys: [{ id: ADOPTED_ID, value }], plain: true }
  refuseUnknownFields(content, SET_FIELDS)
  const { current, keys } = content
  if (!Array.isArray(keys) || keys.length === 0) throw garbled("keys is no list of keys")
  const read = keys.map(readKey)
  const ids = new Set(read.map(({ id }) => id))
  if (ids.size < read.length) throw garbled("two keys have the same id")
  if (typeof current !== "string" || !ids.has(current)) throw garbled("the current key is not among the keys")
  return { current, keys: read }
}

/** A set as text: on one line, the same text for the same set. */
export function formatKeySet({ current, keys }: KeySet): string {
  const written = keys.map(({ id, value, notAfter, overlap }) => ({
    id,
    value,
    ...(notAfter === undefined ? {} : { notAfter: new Date(notAfter).toISOString() }),
    ...(overlap === undefined ? {} : { overlap: `${overlap}ms` satisfies Duration }),
  }))
  return JSON.stringify({ current, keys: written })
}

/**
 * What a secret holds with its current key alone: for when an old one is known to somebody. What was signed with any other
 * key is refused by every program that reads it.
 *
 * @throws SecretError `INVALID_VALUE` for bytes, for an empty value, and for a set that is garbled.
 */
export function withoutOldKeys(value: SecretValue): string {
  const set = readKeySet(value)
  const { id, value: key } = currentKey(set)
  return set.plain ? key : formatKeySet({ current: id, keys: [{ id, value: key }] })
}

/** The key that is signed with. */
export function currentKey({ current, keys }: KeySet): StoredKey {
  // Every set that was read or made has it.
  return keys.find(({ id }) => id === current) as StoredKey
}

/** The object that a text is, if it looks like a set: as JSON, or as JSON that was cut off or misspelled. */
function setIn(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined
  let content: Record<string, unknown>
  try {
    content = JSON.parse(text) as Record<string, unknown>
  } catch {
    // The parser's own message quotes the value.
    if (SET_FIELDS.some(field => text.includes(`"${field}"`))) throw garbled("it is not JSON")
    return undefined
  }
  return SET_FIELDS.some(field => Object.hasOwn(content, field)) ? content : undefined
}

function readKey(content: unknown): StoredKey {
  if (typeof content !== "object" || content === null) throw garbled("a key is no object")
  refuseUnknownFields(content, KEY_FIELDS)
  const { id, value, notAfter, overlap } = content as Readonly<Record<string, unknown>>
  if (!isKeyId(id)) throw garbled("the id of a key is not 1 to 256 printable characters without spaces")
  if (typeof value !== "string" || value === "") throw garbled("the value of a key is not text")
  return {
    id,
    value,
    ...(notAfter === undefined ? {} : { notAfter: timeOf(notAfter) }),
    ...(overlap === undefined ? {} : { overlap: lengthOf(overlap) }),
  }
}

function timeOf(notAfter: unknown): number {
  const time = typeof notAfter === "string" && DATE.test(notAfter) ? Date.parse(notAfter) : Number.NaN
  if (Number.isNaN(time)) throw garbled("notAfter of a key is no date like 2026-01-31T12:00:00Z")
  return time
}

function lengthOf(overlap: unknown): number {
  try {
    return parseDuration(overlap as Duration, "overlap", "allowed")
  } catch {
    // Told as what it is here: a part of a value, not an option.
    throw garbled('overlap of a key is no duration like "30m"')
  }
}

function refuseUnknownFields(content: object, known: readonly string[]): void {
  // Not named: what stands in a secret may be one.
  if (Object.keys(content).some(field => !known.includes(field))) {
    throw garbled(`there is a field that is none of ${known.join(", ")}`)
  }
}

function garbled(what: string): SecretError {
  return invalid(
    `the set of keys is garbled: ${what}`,
    'it is { "current": "id", "keys": [{ "id": "…", "value": "…", "notAfter": "2026-01-31T12:00:00Z" }] }: put back the version before, or mend it',
  )
}

function invalid(message: string, hint: string): SecretError {
  return new SecretError("INVALID_VALUE", { message, hint })
}
