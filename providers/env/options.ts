import {
  type Clock,
  type NameOptions,
  readStoreUrl,
  refuseUnknownOptions,
  SecretError,
} from "../../src/core/index.ts"

/** What can be set about secrets in environment variables. */
export interface EnvOptions extends NameOptions {
  /** The variables, read anew at every call. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Times the second look at a `_FILE` that changes. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** @throws SecretError `MISCONFIGURED` for an option that does not exist. */
export function checkOptions(options: EnvOptions): EnvOptions {
  refuseUnknownOptions("env()", options, ["env", "clock", "prefix", "rename"])
  return options
}

/**
 * The options in a URL: `env:`, `env:?prefix=billing`, `env:?rename.tally/api-token=TALLY_API_KEY`.
 *
 * @throws SecretError `MISCONFIGURED` for anything else.
 */
export function fromUrl(url: URL, env: Readonly<Record<string, string | undefined>>): EnvOptions {
  const { path, naming } = readStoreUrl(url)
  if (path !== "") {
    throw new SecretError("MISCONFIGURED", {
      message: "the URL of the store (env:) names a place",
      hint: "there is one environment: write env: and nothing behind it but ?prefix= and ?rename.<name>=",
    })
  }
  return { ...naming, env }
}
