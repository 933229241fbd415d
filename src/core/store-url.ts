import { misconfigured, type SecretError } from "./error.ts"
import { plainWord } from "./known-options.ts"
import type { NameOptions } from "./name-map.ts"

/** A store's URL, taken apart. */
export interface StoreUrl {
  /** What stands between the scheme and the `?`, still with its percent signs. */
  readonly path: string
  /** Every `prefix=` and `rename.<name>=`, which all stores have. */
  readonly naming: NameOptions
  /** The store's own parameters, in the order in which they stand there. Never empty lists. */
  readonly parameters: ReadonlyMap<string, readonly string[]>
}

const RENAME = "rename."

/**
 * Takes a store's URL apart, and refuses what does not belong there. No message quotes any of it but the scheme:
 * a URL that is wrong may be a credential in the wrong place.
 *
 * @param known the store's own parameters, beside `prefix` and `rename.<name>`.
 * @throws SecretError `MISCONFIGURED`
 */
export function readStoreUrl(url: URL, known: readonly string[] = []): StoreUrl {
  refuseCredentials(url, known)
  if (url.host !== "") {
    throw refusal(url, "names a host", `write ${url.protocol} and no "//" behind it`)
  }
  return readParts(url, known)
}

/** A service's URL, taken apart. */
export interface ServiceUrl extends StoreUrl {
  /** What stands behind the `//`, with its port: a host, a region, a project. Empty if nothing does. */
  readonly host: string
  /** The segments of the path, decoded. Empty if there is none. */
  readonly segments: readonly string[]
  /** A parameter of the store's own, if it stands there. @throws SecretError `MISCONFIGURED` if it does so twice. */
  parameter(name: string): string | undefined
  /**
   * A parameter that is `true` or `false`, if it stands there.
   *
   * @throws SecretError `MISCONFIGURED` for anything else.
   */
  flag(name: string): boolean | undefined
  /** The error for a URL that is wrong in another way: `refusal("names no vault", "azure://my-vault")`. Quotes nothing. */
  refusal(message: string, hint: string): SecretError
}

/**
 * Takes the URL of a store apart that is a service somewhere: `vault://127.0.0.1:8200/secret?kv=2`. Refuses what does not
 * belong there, as {@link readStoreUrl} does.
 *
 * @param known the store's own parameters, beside `prefix` and `rename.<name>`.
 * @throws SecretError `MISCONFIGURED`
 */
export function readServiceUrl(url: URL, known: readonly string[] = []): ServiceUrl {
  refuseCredentials(url, known)
  const parts = readParts(url, known)
  const refuse = (message: string, hint: string): SecretError => refusal(url, message, hint)
  const parameter = (name: string): string | undefined => {
    const [value, ...more] = parts.parameters.get(name) ?? []
    if (more.length > 0) throw refuse(`has ${name}= twice`, "keep one")
    if (value === "") throw refuse(`has an empty ${name}=`, "give it a value, or leave it out")
    return value
  }
  // A path without a slash before it would otherwise be taken for a host that is missing.
  if (url.host === "" && !/^(?:$|\/)/.test(url.pathname)) {
    throw refuse("names no place", `write ${url.protocol}// and the place behind it`)
  }
  return {
    ...parts,
    host: url.host,
    segments: url.pathname
      .split("/")
      .filter(segment => segment !== "")
      .map(segment => decodeUrlPart(url, segment)),
    parameter,
    flag(name) {
      const value = parameter(name)
      if (value === undefined || value === "true" || value === "false")
        return value === undefined ? undefined : value === "true"
      throw refuse(`has a ${name}= that is neither true nor false`, `write ${name}=true or ${name}=false`)
    },
    refusal: refuse,
  }
}

function readParts(url: URL, known: readonly string[]): StoreUrl {
  const refuse = (message: string, hint: string): SecretError => refusal(url, message, hint)
  if (url.hash !== "")
    throw refuse('has a "#"', "write it as %23; the field of a secret stands behind its name")

  const parameters = new Map<string, string[]>()
  // Without a prototype, so that rename.__proto__= is refused as any other name that is not portable.
  const rename: Record<string, string> = Object.create(null)
  let prefix: string | undefined
  for (const [name, value] of queryOf(url)) {
    if (name === "prefix") {
      if (prefix !== undefined) throw refuse("has prefix= twice", "keep one")
      prefix = value
    } else if (name.startsWith(RENAME)) {
      const renamed = name.slice(RENAME.length)
      if (Object.hasOwn(rename, renamed)) throw refuse("renames one name twice", "keep one")
      rename[renamed] = value
    } else if (known.includes(name)) {
      parameters.set(name, [...(parameters.get(name) ?? []), value])
    } else {
      throw refuse(
        `has a parameter${plainWord(name)} that does not exist`,
        `there are ${["prefix", `${RENAME}<name>`, ...known].join(", ")}`,
      )
    }
  }
  return { path: url.pathname, naming: { prefix, rename }, parameters }
}

/**
 * Refuses a URL with a user, a password or a parameter that is called like a credential. URLs end up in logs, in
 * process lists and in version control.
 *
 * @param known parameters that hold no credential, whatever they are called: `auth=kubernetes`.
 * @throws SecretError `MISCONFIGURED`, without quoting any of it.
 */
export function refuseCredentials(url: URL, known: readonly string[] = []): void {
  refuseLogin(url)
  const isCredential = (name: string) =>
    !name.startsWith(RENAME) && !known.includes(name) && namesCredential(name)
  if (queryOf(url).some(([name]) => isCredential(name))) throw holdsCredential(url)
}

/** Refuses a URL with a user or a password. @throws SecretError `MISCONFIGURED`, without quoting any of it. */
export function refuseLogin(url: URL): void {
  if (url.username !== "" || url.password !== "") throw holdsCredential(url)
}

function holdsCredential(url: URL): SecretError {
  return refusal(
    url,
    "holds a credential",
    "take it out of the URL: a store finds its own credentials in its environment",
  )
}

/** One part of a URL as it was meant. @throws SecretError `MISCONFIGURED` */
export function decodeUrlPart(url: URL, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw refusal(url, 'has a "%" that begins no character', "write a percent sign as %25")
  }
}

/**
 * The parameters as written. Not by `URLSearchParams`, to which a plus sign is a space: names of files have them.
 */
function queryOf(url: URL): (readonly [name: string, value: string])[] {
  const pairs = url.search.slice(1).split("&")
  return pairs
    .filter(pair => pair !== "")
    .map(pair => {
      const [name = "", ...rest] = pair.split("=")
      return [decodeUrlPart(url, name), decodeUrlPart(url, rest.join("="))] as const
    })
}

function namesCredential(parameter: string): boolean {
  const name = parameter.toLowerCase().replaceAll(/[^a-z]/g, "")
  return /token|passw|passphrase|secret|credential|apikey|accesskey|privatekey|signature|auth|^(?:key|pass|pwd|pw|sig|sas)$/.test(
    name,
  )
}

function refusal(url: URL, message: string, hint: string): SecretError {
  return misconfigured(`the URL of the store (${url.protocol}) ${message}`, hint)
}
