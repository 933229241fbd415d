import { goesDirectly, isLoopback } from "./proxy.ts"
import type { Pem, TlsOptions } from "./tls.ts"

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A variable of the servers' own command lines: OpenBao's `BAO_…` before Vault's `VAULT_…`. Set to nothing counts as not
 * set.
 */
export function variable(env: Environment, name: string): string | undefined {
  return env[`BAO_${name}`] || env[`VAULT_${name}`] || undefined
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
  return proxy === undefined || goesDirectly(address, env.no_proxy || env.NO_PROXY) ? undefined : proxy
}

/**
 * The address of the server: the one in the URL, by TLS unless it is this machine; `VAULT_ADDR`, if the URL names none,
 * or for its scheme, if it is the same place.
 *
 * @param tls whether TLS is spoken, if the URL says so
 */
export function addressOf(
  env: Environment,
  place: { readonly hostname: string; readonly port: string } | undefined,
  tls: boolean | undefined,
): string | undefined {
  const known = URL.parse(variable(env, "ADDR") ?? "")
  if (place === undefined) {
    if (known === null || !/^https?:$/.test(known.protocol)) return undefined
    return `${tls === undefined ? known.protocol : schemeFor(tls)}//${known.hostname}${portOf(known)}`
  }
  const { hostname, port } = place
  const isKnown = known?.hostname === hostname && portOf(known) === `:${port}`
  const scheme =
    tls === undefined ? (isKnown ? known.protocol : schemeFor(!isLoopback(hostname))) : schemeFor(tls)
  return `${scheme}//${hostname}:${port}`
}

function schemeFor(tls: boolean): string {
  return tls ? "https:" : "http:"
}

function portOf(url: URL): string {
  return `:${url.port || (url.protocol === "https:" ? "443" : "80")}`
}
