import type { Agent, RequestOptions } from "node:http"
import { BlockList, isIP, isIPv6 } from "node:net"
import type { ConnectionOptions, TLSSocket } from "node:tls"

/** Options of a request that goes through a tunnel. */
export interface TunnelledOptions extends RequestOptions {
  /** Aborts when nobody waits for the request any more. */
  readonly wanted?: AbortSignal
}

/**
 * Has an agent reach its hosts by TLS through a tunnel in a proxy (RFC 9110, "CONNECT"). Not by the `proxyEnv` of Node's
 * own agents: that keeps the connection to a proxy which does not answer, when the request has long been given up.
 *
 * @param by how the proxy itself is asked, and how TLS is spoken in the tunnel.
 */
export function tunnel(
  agent: Agent,
  proxy: URL,
  by: {
    readonly request: typeof import("node:http").request
    readonly connect: (options: ConnectionOptions) => TLSSocket
  },
): void {
  agent.createConnection = (options: TunnelledOptions, callback) => {
    const { port, wanted } = options
    const host = options.host ?? ""
    const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`
    const asking = by.request(proxy, {
      method: "CONNECT",
      path: target,
      headers: { host: target, ...authorizationFor(proxy) },
      agent: false,
    })
    const leave = (): void => void asking.destroy(failure())
    const done = (): void => wanted?.removeEventListener("abort", leave)
    wanted?.addEventListener("abort", leave, { once: true })
    asking.once("error", () => {
      done()
      callback?.(failure(), undefined as never)
    })
    asking.once("connect", ({ statusCode }, socket) => {
      done()
      if (statusCode === 200)
        return callback?.(null, by.connect({ ...(options as ConnectionOptions), socket }))
      socket.destroy()
      callback?.(failure(), undefined as never)
    })
    asking.end()
    return undefined
  }
}

/** Under whatever name the way to the proxy fails: nothing was sent to the server. */
function failure(): Error {
  return Object.assign(new Error("the proxy leads nowhere"), { code: "ERR_PROXY_TUNNEL" })
}

/** What a proxy is told that asks who one is. */
export function authorizationFor({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {}
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` }
}

/**
 * Whether a host is reached without the proxy: by a list as `NO_PROXY` holds it (`.internal, 10.0.0.0/8, fd00::1,
 * vault:8200, *`). This machine itself always is.
 */
export function goesDirectly(address: URL, list: string | undefined): boolean {
  if (isLoopback(address.hostname)) return true
  const hostname = bare(address.hostname)
  const port = address.port || (address.protocol === "https:" ? "443" : "80")
  return (list ?? "").split(",").some(written => {
    const entry = written.trim().toLowerCase()
    if (isIP(hostname) > 0) {
      const block = blockOf(entry)
      if (block !== undefined) return block.check(hostname, family(hostname))
    }
    const [, host = "", onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
    if (host === "" || (onlyPort !== undefined && onlyPort !== port)) return false
    const domain = host.replace(/^\*?\./, "")
    return host === "*" || hostname === bare(domain) || hostname.endsWith(`.${domain}`)
  })
}

/** The addresses that an entry means: one, or a block of them (RFC 4632). */
function blockOf(entry: string): BlockList | undefined {
  const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const widest = isIP(address) === 6 ? 128 : 32
  if (isIP(address) === 0 || Number(bits ?? 0) > widest) return undefined
  const block = new BlockList()
  block.addSubnet(address, Number(bits ?? widest), family(address))
  return block
}

function family(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4"
}

/** A host without the brackets in which an address of version 6 stands in a URL. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1")
}

/** Whether a host is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
