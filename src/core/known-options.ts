import { SecretError } from "./error.ts"

/**
 * A name that does not exist, for a message: quoted if it is a plain word of at most 24 letters. Anything else may be a
 * credential that was put in the wrong place: of those with 32 letters and digits some happen to have no digit.
 */
export function plainWord(name: string): string {
  return /^[A-Za-z]{1,24}$/.test(name) ? ` "${name}"` : ""
}

/**
 * Refuses options that do not exist, because a slip in a name would otherwise change nothing and say nothing. Of the
 * unknown ones only a plain word is named in the message: what stands where a name should be may be anything, a
 * credential too.
 *
 * @throws SecretError `MISCONFIGURED`
 */
export function refuseUnknownOptions(of: string, options: unknown, known: readonly string[]): void {
  const refuse = (message: string) =>
    new SecretError("MISCONFIGURED", {
      message,
      hint: known.length === 0 ? undefined : `its options are ${known.join(", ")}`,
    })
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw refuse(`the options of ${of} are not an object`)
  }
  const unknown = Object.keys(options).filter(key => !known.includes(key))
  if (unknown.length > 0) {
    const named = unknown.find(key => plainWord(key) !== "") ?? ""
    throw refuse(`${of} was given an option${plainWord(named)} that does not exist`)
  }
}

/** The options of `Secret.use`. */
export const USE_OPTIONS: readonly string[] = ["rejected", "signal"]

/** The options of `Secret.onRotate`. */
export const ON_ROTATE_OPTIONS: readonly string[] = ["since", "signal"]

/** Refuses what should be a function and is none. @throws SecretError `MISCONFIGURED` */
export function refuseNoFunction(of: string, given: unknown): void {
  if (typeof given === "function") return
  throw new SecretError("MISCONFIGURED", { message: `${of} was given no function` })
}
