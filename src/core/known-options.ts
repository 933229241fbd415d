import { SecretError } from "./error.ts"

/**
 * Refuses options that do not exist, because a slip in a name would otherwise change nothing and say nothing. Only
 * the known ones are named in the message: what stands where a name should be may be anything, a credential too.
 *
 * @throws SecretError `MISCONFIGURED`
 */
export function refuseUnknownOptions(of: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new SecretError("MISCONFIGURED", {
      message: `the options of ${of} are not an object`,
      hint: `its options are ${known.join(", ")}`,
    })
  }
  if (Object.keys(options).some(key => !known.includes(key))) {
    throw new SecretError("MISCONFIGURED", {
      message: `${of} was given an option that does not exist`,
      hint: `its options are ${known.join(", ")}`,
    })
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
