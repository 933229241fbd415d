import {
  type Clock,
  type NameOptions,
  readStoreUrl,
  refuseUnknownOptions,
  SecretError,
} from "../../src/core/index.ts"

/** What can be set about secrets in memory. */
export interface MemoryOptions extends NameOptions {
  /** Dates the versions. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** @throws SecretError `MISCONFIGURED` for an option that does not exist. */
export function checkOptions(options: MemoryOptions): MemoryOptions {
  refuseUnknownOptions("memory()", options, ["clock", "prefix", "rename"])
  return options
}

/**
 * The options in a URL: `memory:`, which is empty when it is opened.
 *
 * @throws SecretError `MISCONFIGURED` for anything but `prefix` and `rename.<name>`.
 */
export function fromUrl(url: URL, _env: Readonly<Record<string, string | undefined>>): MemoryOptions {
  const { path, naming } = readStoreUrl(url)
  if (path !== "") {
    throw new SecretError("MISCONFIGURED", {
      message: "the URL of the store (memory:) names a place",
      hint: "memory begins empty: write memory: and nothing behind it but ?prefix= and ?rename.<name>=",
    })
  }
  return naming
}
