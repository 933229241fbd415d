import { misconfigured } from "../../src/core/index.ts"

/** What an agent of Node's is told to go through a proxy. */
export interface ProxyEnvironment {
  readonly proxyEnv?: { readonly HTTP_PROXY: string; readonly HTTPS_PROXY: string }
}

/** The first versions whose agents take `proxyEnv`, by major number (Node's documentation, "HTTP": `new Agent`). */
const FIRST: Readonly<Record<number, number>> = { 22: 21, 24: 5 }

/**
 * The proxy, as Node's own agents take it. Whether the server is reached directly in spite of it was decided before.
 *
 * @param node the version of Node that runs.
 * @throws SecretError `MISCONFIGURED` where that version knows no proxies.
 */
export function proxyEnvironment(proxy: string | undefined, node: string): ProxyEnvironment {
  if (proxy === undefined) return {}
  const [major = 0, minor = 0] = node.split(".").map(Number)
  if (minor < (FIRST[major] ?? (major < 24 ? Number.POSITIVE_INFINITY : 0))) {
    throw misconfigured(
      `a proxy is set, and this Node (${major}.${minor}) cannot use one`,
      "run on Node 22.21 or 24.5 or later, or reach the server without the proxy: NO_PROXY names its host",
    )
  }
  return { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }
}

/**
 * Whether a host is reached without the proxy: by a list as `NO_PROXY` holds it (`.internal, 10.0.0.1, vault:8200, *`).
 * This machine itself always is.
 */
export function goesDirectly(address: URL, list: string | undefined): boolean {
  if (isLoopback(address.hostname)) return true
  const { hostname } = address
  const port = address.port || (address.protocol === "https:" ? "443" : "80")
  return (list ?? "").split(",").some(entry => {
    const [, host = "", onlyPort] = /^\s*(.*?)(?::(\d+))?\s*$/.exec(entry) ?? []
    if (host === "" || (onlyPort !== undefined && onlyPort !== port)) return false
    const domain = host.toLowerCase().replace(/^\*?\./, "")
    return host === "*" || hostname === domain || hostname.endsWith(`.${domain}`)
  })
}

/** Whether a host is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
