import { misconfigured } from "../../src/core/index.ts"
import { goesDirectly, isLoopback } from "./proxy.ts"
import type { Pem, TlsOptions } from "./tls.ts"

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A variable of the servers' own command lines: OpenBao's `BAO_…` before Vault's `VAULT_…`. Set to nothing counts as not
 * set.
 */
export function variable(env: Environment, name: string): string | undefined {
  return env[variableName(env, name)] || undefined
}

/** What the variable is called that {@link variable} reads: OpenBao's if it is set, else Vault's. */
export function variableName(env: Environment, name: string): string {
  return env[`BAO_${name}`] ? `BAO_${name}` : `VAULT_${name}`
}

/**
 * The variables that belong to the server that is asked. A shell may have two: where `BAO_ADDR` and `VAULT_ADDR` name
 * different ones, the token, the namespace and the certificates of the one are nothing for the other.
 *
 * @param host that of the URL, if it names one.
 */
export function belonging(env: Environment, host: Place["host"]): Environment {
  if (!env.BAO_ADDR || !env.VAULT_ADDR || env.BAO_ADDR === env.VAULT_ADDR) return env
  const isOf = (prefix: string): boolean => {
    const known = URL.parse(env[`${prefix}ADDR`] ?? "")
    return known !== null && host !== undefined && isAt(known, host)
  }
  // A URL that names no server means the one that comes first.
  const [bao, vault] = host === undefined ? [true, false] : [isOf("BAO_"), isOf("VAULT_")]
  if (bao === vault) return env
  const foreign = bao ? "VAULT_" : "BAO_"
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(foreign)))
}

/** What the environment says about TLS ("Vault CLI", environment variables). */
export function tlsOf(env: Environment): TlsOptions {
  const file = (name: string): Pem | undefined => {
    const path = variable(env, name)
    return path === undefined ? undefined : { file: path }
  }
  const folder = variable(env, "CAPATH")
  const ca =
    variable(env, "CACERT_BYTES") ?? file("CACERT") ?? (folder === undefined ? undefined : { folder })
  const skipVerify = /^(?:1|t|true)$/i.test(variable(env, "SKIP_VERIFY") ?? "")
  return {
    ca,
    cert: file("CLIENT_CERT"),
    key: file("CLIENT_KEY"),
    serverName: variable(env, "TLS_SERVER_NAME"),
    ...(skipVerify && { skipVerify }),
  }
}

/** The proxy on the way to a server: the one for it alone, or the one for all, unless the server is an exception. */
export function proxyOf(env: Environment, address: URL): string | undefined {
  const own = variable(env, "PROXY_ADDR") ?? variable(env, "HTTP_PROXY")
  if (own !== undefined) return own
  const name = address.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"
  const proxy = env[name.toLowerCase()] || env[name] || undefined
  if (proxy === undefined || goesDirectly(address, env.no_proxy || env.NO_PROXY)) return undefined
  // As every other program takes it.
  return /^[a-z]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`
}

/** What a URL says about where the server is. */
export interface Place {
  readonly host: { readonly hostname: string; readonly port: string } | undefined
  /** Whether TLS is spoken. */
  readonly tls: boolean | undefined
  /** Behind which path of the host the server is, encoded, with a slash before it. */
  readonly path: string | undefined
}

/**
 * The address of the server: the one in the URL, by TLS unless it is this machine; `VAULT_ADDR`, if the URL names none,
 * or for its scheme and its path, if it is the same host and port.
 *
 * @throws SecretError `MISCONFIGURED` for a variable of which something would be left out.
 */
export function addressOf(env: Environment, { host, tls, path }: Place): string | undefined {
  const known = URL.parse(variable(env, "ADDR") ?? "")
  const isWeb = known !== null && /^https?:$/.test(known.protocol)
  const isKnown = isWeb && (host === undefined || isAt(known, host))
  if (isKnown) refuseMore(known)
  const there = path ?? (isKnown ? known.pathname.replace(/\/$/, "") : "")
  const ownScheme = isKnown ? known.protocol : undefined
  if (host !== undefined) {
    const scheme = tls === undefined ? (ownScheme ?? schemeFor(!isLoopback(host.hostname))) : schemeFor(tls)
    return `${scheme}//${host.hostname}:${host.port}${there}`
  }
  if (!isKnown) return undefined
  return `${tls === undefined ? ownScheme : schemeFor(tls)}//${known.hostname}${portOf(known)}${there}`
}

function isAt(url: URL, { hostname, port }: { readonly hostname: string; readonly port: string }): boolean {
  return url.hostname === hostname && portOf(url) === `:${port}`
}

function refuseMore({ username, password, search, hash }: URL): void {
  if (username !== "" || password !== "")
    throw misconfigured("VAULT_ADDR holds a credential", "take it out: the server itself takes none there")
  if (search !== "" || hash !== "")
    throw misconfigured(
      "VAULT_ADDR has more than a host, a port and a path",
      'write it as in "https://vault:8200"',
    )
}

function schemeFor(tls: boolean): string {
  return tls ? "https:" : "http:"
}

function portOf(url: URL): string {
  return `:${url.port || (url.protocol === "https:" ? "443" : "80")}`
}
