import {
  type Clock,
  decodeUrlPart,
  misconfigured,
  type NameOptions,
  readStoreUrl,
  refuseUnknownOptions,
} from "../../src/core/index.ts"

/** What can be set about secrets in `.env` files. */
export interface DotenvOptions extends NameOptions {
  /**
   * The file, or several: a secret is taken from the first that has it. Relative paths start from the folder in which
   * the process is when the store is made. Default: `".env"`.
   */
  readonly path?: string | readonly string[] | undefined
  /** Whether a file may be missing from the beginning: it is then empty. Default: false. */
  readonly optional?: boolean | undefined
  /** Times the second look at a file that changes. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** The same, complete. */
export interface CheckedOptions {
  readonly paths: readonly string[]
  readonly optional: boolean
  readonly clock: Clock | undefined
  readonly naming: NameOptions
}

/** @throws SecretError `MISCONFIGURED` for an option that does not exist, and for paths that are none. */
export function checkOptions(given: string | readonly string[] | DotenvOptions): CheckedOptions {
  const options: DotenvOptions = typeof given === "string" || isList(given) ? { path: given } : given
  refuseUnknownOptions("dotenv()", options, ["path", "optional", "clock", "prefix", "rename"])
  const { path = ".env", optional = false, clock, prefix, rename } = options
  const paths: readonly string[] = [path].flat()
  if (paths.length === 0 || paths.some(one => typeof one !== "string" || one === "" || one.includes("\0")))
    throw misconfigured("the path of a .env is not the name of a file", 'give it as in dotenv(".env")')
  if (new Set(paths).size !== paths.length)
    throw misconfigured("one file is named twice", "name each file once, the one that wins first")
  if (typeof optional !== "boolean")
    throw misconfigured("optional is neither true nor false", "true allows a file to be missing")
  return { paths, optional, clock, naming: { prefix, rename } }
}

/**
 * The options in a URL: `dotenv:.env`, `dotenv:/etc/app/.env`, `dotenv:.env.local,.env?optional=true`. Several files
 * are joined by commas, the one that wins first; a comma in a name is `%2C`.
 *
 * @throws SecretError `MISCONFIGURED` for parameters other than `optional`, `prefix` and `rename.<name>`.
 */
export function fromUrl(url: URL, _env: Readonly<Record<string, string | undefined>>): DotenvOptions {
  const { path, naming, parameters } = readStoreUrl(url, ["optional"])
  const optional = parameters.get("optional") ?? ["false"]
  if (optional.length !== 1 || !["true", "false"].includes(optional[0] as string))
    throw misconfigured("optional= in the URL is neither true nor false", "write ?optional=true once")
  return {
    ...naming,
    path: path.split(",").map(one => decodeUrlPart(url, one)),
    optional: optional[0] === "true",
  }
}

/** Files as the URL that {@link fromUrl} reads back, and that is safe to print; ordinary paths stand in it as they are. */
export function locationOf(paths: readonly string[]): string {
  const written = paths.map(encoded).join(",")
  // What begins with a slash is a path to URLs, too: they take a second one for a host, and resolve dots.
  const isPath = !/^\/\/|\/\.\.?(?:\/|$)/.test(written) || !written.startsWith("/")
  return `dotenv:${isPath ? written : `%2F${written.slice(1)}`}`
}

function encoded(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not stand in a line of a log
  const ambiguous = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\u202a-\u202e\u2066-\u2069,%?#+]/g
  return path.replace(ambiguous, encodeURIComponent)
}

function isList(given: string | readonly string[] | DotenvOptions): given is readonly string[] {
  return Array.isArray(given)
}
