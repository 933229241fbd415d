import { SecretError } from "./error.ts"

const SEGMENT = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
const PORTABLE = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`)

/** The rule for portable names, as it stands in messages. */
export const PORTABLE_RULE: string =
  'a portable name is segments of a-z, 0-9 and single inner "-", each starting with a letter, joined by "/": tally/api-token'

/** What stands before a backend's own rule where a name is neither portable nor held by it. */
export const PORTABLE_OR_OWN: string = `${PORTABLE_RULE}; any other name is the store's own: `

/** Names under this first segment belong to the library itself and are hidden. */
const RESERVED_SEGMENT = "latchkey"

/** The longest name that any backend is asked for. */
export const LONGEST_NAME = 512

/** Whether a name is in the grammar that every backend understands. */
export function isPortableName(name: string): boolean {
  return name.length <= LONGEST_NAME && PORTABLE.test(name)
}

/** Whether a name is the reserved one or stands below it. */
export function isReservedName(name: string): boolean {
  return name === RESERVED_SEGMENT || name.startsWith(`${RESERVED_SEGMENT}/`)
}

/** Whether a name is another one or stands below it. */
export function isUnder(name: string, ancestor: string | undefined): boolean {
  return ancestor === undefined || name === ancestor || name.startsWith(`${ancestor}/`)
}

/**
 * Refuses what no backend may ever be asked for, whatever its own rule: empty and dot segments, control characters,
 * percent signs, back slashes, surrounding space.
 *
 * @throws SecretError `INVALID_NAME`
 */
export function refuseEscapes(name: unknown): asserts name is string {
  if (typeof name !== "string") throw invalidName(undefined, "a name is a string")
  if (name === "") throw invalidName(name, "a name is not empty")
  if (name.length > LONGEST_NAME) throw invalidName(name, `a name has at most ${LONGEST_NAME} characters`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name))
    throw invalidName(name, "a name has no control characters")
  if (/[%\\]/.test(name)) throw invalidName(name, 'a name has no "%" and no "\\"')
  if (name.trim() !== name) throw invalidName(name, "a name neither starts nor ends with a space")
  for (const segment of name.split("/")) {
    if (segment === "") throw invalidName(name, "a name has no empty segment")
    if (segment === "." || segment === "..") throw invalidName(name, 'a name has no segment "." or ".."')
  }
}

/** A reference to a secret, or to one field of a secret that is a JSON object. */
export interface Reference {
  readonly name: string
  /** What stands behind the `#`: a key, or a JSON pointer if it starts with a slash. */
  readonly field: string | undefined
}

/**
 * Takes `db#password` apart.
 *
 * @throws SecretError `INVALID_NAME` if there is nothing behind the `#`.
 */
export function parseReference(reference: string): Reference {
  if (typeof reference !== "string") throw invalidName(undefined, "a name is a string")
  const hash = reference.indexOf("#")
  if (hash === -1) return { name: reference, field: undefined }
  const field = reference.slice(hash + 1)
  if (field === "") throw invalidName(reference, 'behind "#" stands a field: db#password, or db#/hosts/0')
  return { name: reference.slice(0, hash), field }
}

/** An `INVALID_NAME` with the rule that was broken. */
export function invalidName(name: string | undefined, rule: string, store?: string): SecretError {
  return new SecretError("INVALID_NAME", { secret: name, store, message: "is not a name here", hint: rule })
}
