import type { NameRule } from "./name-map.ts"
import { isPortableName } from "./names.ts"

/** What is special about the names of a service. */
export interface ServiceNames {
  /** Which names it can hold, as a sentence for messages. */
  readonly rule: string
  /** Whether it can hold a name. */
  holds(native: string): boolean
  /** The one spelling of a name where the service does not tell cases apart. */
  fold?(native: string): string
}

/** The names of services that take paths: `tally/api-token` stands for itself. */
export function pathNames(names: ServiceNames): NameRule {
  return {
    ...names,
    toNative: portable => portable,
    toPortable: native => (isPortableName(native) ? native : undefined),
  }
}

/** The names of services that take no slash: `tally/api-token` is `tally--api-token`. */
export function doubleHyphenNames(names: ServiceNames): NameRule {
  return {
    ...names,
    toNative: portable => portable.replaceAll("/", "--"),
    toPortable(native) {
      const portable = native.replaceAll("--", "/")
      return isPortableName(portable) && portable.replaceAll("/", "--") === native ? portable : undefined
    },
  }
}
