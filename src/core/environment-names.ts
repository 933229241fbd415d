import type { NameRule } from "./name-map.ts"
import { isPortableName } from "./names.ts"

/** `NAME_FILE` beside `NAME`: the value is in the file of that path. */
export const FILE_SUFFIX = "_FILE"

/**
 * The names of environment variables and of `.env` files: `tally/api-token` is `TALLY__API_TOKEN`. A name that ends
 * in `_FILE` is refused, because such a variable holds the path of a file with the value.
 */
export const environmentNames: NameRule = {
  rule: 'an environment variable is letters, digits and "_", does not start with a digit and does not end in _FILE',
  toNative: portable => portable.replaceAll("/", "__").replaceAll("-", "_").toUpperCase(),
  toPortable(native) {
    const name = native.toLowerCase().replaceAll("__", "/").replaceAll("_", "-")
    return isPortableName(name) && environmentNames.toNative(name) === native ? name : undefined
  },
  holds: native => /^[A-Za-z_][A-Za-z0-9_]*$/.test(native) && !native.endsWith(FILE_SUFFIX),
}
