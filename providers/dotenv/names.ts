import { environmentNames, type NameRule } from "../../src/core/index.ts"

/** The names of environment variables, but for the one that is lost when a `.env` is parsed into an object. */
export const dotenvNames: NameRule = {
  ...environmentNames,
  holds: native => native !== "__proto__" && environmentNames.holds(native),
}

/** What stands behind the name of a `.env` in that of the file of its rotations. */
export const LEDGER_SUFFIX = ".latchkey"
