import {
  type NameOptions,
  refuseCredentials,
  refuseUnknownOptions,
  SecretError,
} from "../../src/core/index.ts"

/** What can be set about a Depot. */
export interface DepotOptions extends NameOptions {
  /** Where the server is. */
  readonly url: string
  /** The token that the server knows us by. */
  readonly token: string
}

/** @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that Depot understands. */
export function checkOptions(options: DepotOptions): NameOptions & { url: URL; token: string } {
  refuseUnknownOptions("depot()", options, ["url", "token", "prefix", "rename"])
  const { url, token, prefix, rename } = options
  const hint = 'depot({ url: "http://127.0.0.1:7700", token })'
  if (!URL.canParse(url)) throw new SecretError("MISCONFIGURED", { message: "url is no URL", hint })
  if (!token) throw new SecretError("MISCONFIGURED", { message: "there is no token", hint })
  return { url: new URL(url), token, prefix, rename }
}

/** The options in a URL, `depot://127.0.0.1:7700?prefix=prod`; the token is in `DEPOT_TOKEN`. */
export function fromUrl(url: URL, env: Readonly<Record<string, string | undefined>>): DepotOptions {
  refuseCredentials(url)
  if ([...url.searchParams.keys()].some(name => name !== "prefix"))
    throw new SecretError("MISCONFIGURED", { message: "there is no such parameter", hint: "there is prefix" })
  const prefix = url.searchParams.get("prefix") ?? undefined
  return { url: `http://${url.host}`, token: env.DEPOT_TOKEN ?? "", prefix }
}
