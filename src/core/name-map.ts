import { isSecretError, SecretError } from "./error.ts"
import {
  invalidName,
  isPortableName,
  isReservedName,
  isUnder,
  LONGEST_NAME,
  PORTABLE_OR_OWN,
  PORTABLE_RULE,
  refuseEscapes,
} from "./names.ts"

/** How one backend writes names. */
export interface NameRule {
  /** Which names it can hold, as a sentence for messages. */
  readonly rule: string
  /** The rule that one name of its own form breaks, where not all break the same one. Default: {@link rule}. */
  broken?(native: string): string
  /** The backend's form of a portable name. Injective; may be a form that {@link holds} refuses. */
  toNative(portable: string): string
  /** The portable name whose image this is, or `undefined` where there is none. */
  toPortable(native: string): string | undefined
  /** Whether the backend can hold a name of its own form. */
  holds(native: string): boolean
  /** The one spelling of a name where the backend does not tell cases apart. Default: the name. */
  fold?(native: string): string
}

/** What a user may change about the names of any store. */
export interface NameOptions {
  /** A portable name below which all names are looked for: `"prod/billing"`. */
  readonly prefix?: string | undefined
  /** The backend's own names of single secrets: `{ "tally/api-token": "TALLY_API_KEY" }`. Prefix and rule do not apply. */
  readonly rename?: Readonly<Record<string, string>> | undefined
}

/** Names in both directions, for one store. */
export interface NameMap {
  /** The one spelling of a name. @throws SecretError `INVALID_NAME` */
  canonical(name: string): string
  /** What the backend calls it. @throws SecretError `INVALID_NAME` */
  toNative(name: string): string
  /** What a listed name is called here, or `undefined` where it is out of reach. */
  toListed(native: string): string | undefined
  /**
   * What the backend's names begin with that are listed under a name: a hint to look for fewer. `undefined` where they
   * have no beginning in common.
   */
  beginning(under: string | undefined): string | undefined
}

/**
 * Puts a backend's rule and a user's prefix and renaming together.
 *
 * @throws SecretError `MISCONFIGURED` where two names would mean the same secret, or one name could not be found again.
 */
export function nameMap(rule: NameRule, options: NameOptions = {}, store: string): NameMap {
  const { prefix } = options
  const fold = (native: string): string => rule.fold?.(native) ?? native
  const renamed = new Map(Object.entries(options.rename ?? {}).map(([name, native]) => [name, fold(native)]))
  const renamedBack = new Map(Array.from(renamed, ([name, native]) => [native, name]))
  const broken = (native: string): string => rule.broken?.(native) ?? rule.rule
  const refuse = (name: string, why: string): SecretError => invalidName(name, why, store)
  const isReserved = reservedNatives(rule, fold)

  const withPrefix = (name: string): string => (prefix === undefined ? name : `${prefix}/${name}`)
  const withoutPrefix = (full: string): string | undefined => {
    if (prefix === undefined) return full
    return isUnder(full, prefix) && full !== prefix ? full.slice(prefix.length + 1) : undefined
  }
  /** The portable name of a native one under this prefix, unless a renaming took the name away from it. */
  const portableOf = (native: string): string | undefined => {
    const full = rule.toPortable(native)
    const name = full === undefined ? undefined : withoutPrefix(full)
    return name === undefined || renamed.has(name) ? undefined : name
  }

  function resolve(name: string): { canonical: string; native: string } {
    refuseEscapes(name)
    const target = renamed.get(name)
    if (target !== undefined) return { canonical: name, native: target }
    if (isPortableName(name)) return resolvePortable(name)

    const native = fold(name)
    // Whoever writes a capital or an underscore by mistake meant a portable name, and not one of the backend's own.
    if (!rule.holds(native)) throw refuse(name, PORTABLE_OR_OWN + broken(native))
    if (isReserved(native)) throw refuse(name, RESERVED_RULE)
    const renamedFrom = renamedBack.get(native)
    if (renamedFrom !== undefined) return { canonical: renamedFrom, native }
    const portable = portableOf(native)
    if (portable !== undefined) return resolvePortable(portable)
    if (prefix !== undefined)
      throw refuse(name, `under a prefix names are portable or renamed; ${PORTABLE_RULE}`)
    return { canonical: native, native }
  }

  function resolvePortable(name: string): { canonical: string; native: string } {
    if (isReservedName(name)) throw refuse(name, RESERVED_RULE)
    const full = withPrefix(name)
    if (!isPortableName(full))
      throw refuse(name, `with the prefix, it is longer than ${LONGEST_NAME} characters`)
    const native = fold(rule.toNative(full))
    if (!rule.holds(native)) throw refuse(name, broken(native))
    const taken = renamedBack.get(native)
    if (taken !== undefined) throw refuse(name, `"${native}" is already "${taken}", by rename`)
    return { canonical: name, native }
  }

  /** Whether a name, asked for, is that secret: the variable `home` is out of reach, because `home` means `HOME`. */
  function leadsTo(name: string, native: string): boolean {
    try {
      return resolve(name).native === native
    } catch (thrown) {
      if (isSecretError(thrown)) return false
      throw thrown
    }
  }

  refuseAmbiguity(rule, prefix, renamed, renamedBack, isReserved, store)
  return {
    canonical: name => resolve(name).canonical,
    toNative: name => resolve(name).native,
    toListed(listed) {
      const native = fold(listed)
      if (!rule.holds(native) || isReserved(native)) return undefined
      const name =
        renamedBack.get(native) ?? portableOf(native) ?? (prefix === undefined ? native : undefined)
      return name !== undefined && leadsTo(name, native) ? name : undefined
    },
    beginning(under) {
      if (Array.from(renamed.keys()).some(name => isUnder(name, under))) return undefined
      if (under === undefined) return prefix === undefined ? undefined : fold(rule.toNative(prefix))
      if (isPortableName(under)) return fold(rule.toNative(withPrefix(under)))
      return prefix === undefined ? fold(under) : undefined
    },
  }
}

const RESERVED_RULE = 'the first segment "latchkey" is reserved'

/** Names that are not reserved, and stand beside those that are. */
const NEIGHBOURS = ["latchke/y", "latchkey-a", "latchkeya", "latchkey-a/a", "a/latchkey"]

/**
 * Whether a name of the backend's own stands for the reserved segment or below it: also one that is no image of a
 * portable name, because what ledgers keep there is named by what the service calls a secret, and by random ids.
 */
function reservedNatives(rule: NameRule, fold: (native: string) => string): (native: string) => boolean {
  const image = (portable: string): string => fold(rule.toNative(portable))
  const beginning = commonBeginning(image("latchkey/a"), image("latchkey/b"))
  // A rule that puts a name's first segment elsewhere has no beginning that only these names have.
  const tellsApart = !NEIGHBOURS.some(name => image(name).startsWith(beginning))
  return native => {
    if (tellsApart && native.startsWith(beginning)) return true
    const portable = rule.toPortable(native)
    return portable !== undefined && isReservedName(portable)
  }
}

function commonBeginning(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return one.slice(0, length)
}

/** Names that between them use every way in which segments and hyphens can meet. */
const PROBES = ["a", "a-b", "a/b", "a1/b-2c/d", "a-b/c-d", "ab/c"]

function refuseAmbiguity(
  rule: NameRule,
  prefix: string | undefined,
  renamed: ReadonlyMap<string, string>,
  renamedBack: ReadonlyMap<string, string>,
  isReserved: (native: string) => boolean,
  store: string,
): void {
  const refuse = (message: string, hint: string): SecretError =>
    new SecretError("MISCONFIGURED", { store, message, hint })

  if (prefix !== undefined && !isPortableName(prefix))
    throw refuse("the prefix is not a portable name", PORTABLE_RULE)
  if (prefix !== undefined && isReservedName(prefix))
    throw refuse("the prefix is reserved", "choose another one")
  for (const [name, native] of renamed) {
    if (!isPortableName(name)) throw refuse(`rename: "${name}" is not a portable name`, PORTABLE_RULE)
    if (isReservedName(name)) throw refuse(`rename: "${name}" is reserved`, "choose another name")
    if (!rule.holds(native))
      throw refuse(`rename: the backend cannot hold "${native}"`, rule.broken?.(native) ?? rule.rule)
    if (isReserved(native)) throw refuse(`rename: "${native}" is reserved`, "choose another target")
  }
  if (renamed.size !== renamedBack.size) {
    throw refuse("rename: two names lead to the same secret", "give each name a target of its own")
  }
  const images = new Set(PROBES.map(probe => rule.toNative(probe)))
  if (
    images.size !== PROBES.length ||
    PROBES.some(probe => rule.toPortable(rule.toNative(probe)) !== probe)
  ) {
    throw refuse("the backend's names do not map one to one", "mend toNative and toPortable of its rule")
  }
}
