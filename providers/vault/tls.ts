import type { Agent, ClientRequest, RequestOptions } from "node:http"
import { errorNumberName, misconfigured, refuseNoCertificate } from "../../src/core/index.ts"
import { proxyEnvironment } from "./proxy.ts"

/** A certificate or key in PEM: the text itself, or the file that holds it, which is read again at every login. */
export type Pem = string | { readonly file: string }

/** How the two sides know each other. */
export interface TlsOptions {
  /** The authority that signed the server's certificate, in place of those that Node brings along. */
  readonly ca?: Pem | { readonly folder: string } | undefined
  /** The certificate by which the server knows this side, for the login by certificate. */
  readonly cert?: Pem | undefined
  /** The key of `cert`. */
  readonly key?: Pem | undefined
  /** The name that stands in the server's certificate, if it is not that of the address. */
  readonly serverName?: string | undefined
  /** Take any certificate: whoever stands in between reads all secrets. For experiments on one's own machine. */
  readonly skipVerify?: boolean | undefined
}

/** The connections to one server. */
export interface Connections {
  readonly agent: Agent
  request(url: string, options: RequestOptions): ClientRequest
  /** Lets requests that are under way end, and keeps no connection after them. */
  retire(): void
  /** Ends all of them now. */
  destroy(): void
}

/**
 * How long a connection is kept that nobody uses, in milliseconds: less than any load balancer does, because a request
 * on a connection that the far side is about to close may or may not have arrived.
 */
const KEPT = 30_000

/**
 * Opens the way to a server, with the certificates as their files are now.
 *
 * @throws SecretError `MISCONFIGURED` for a file that cannot be read, a certificate or key that is none, or a proxy that
 * this Node cannot use.
 */
export async function connectionsTo(
  address: URL,
  tls: TlsOptions,
  proxy: string | undefined,
): Promise<Connections> {
  const kept = { keepAlive: true, timeout: KEPT, ...proxyEnvironment(proxy, process.versions.node) }
  if (address.protocol === "http:") {
    const http = await import("node:http")
    return around(new http.Agent(kept), http.request)
  }
  const [https, { createSecureContext }] = await Promise.all([import("node:https"), import("node:tls")])
  const [ca, cert, key] = await Promise.all([authority(tls.ca), pem("cert", tls.cert), pem("key", tls.key)])
  const material = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  try {
    createSecureContext(material)
  } catch {
    // What OpenSSL says may quote the file.
    throw misconfigured(
      "the certificates for the connection are none, or the key does not belong to the certificate",
      "ca, cert and key are PEM: they begin with -----BEGIN",
    )
  }
  const agent = new https.Agent({
    ...kept,
    ...material,
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    rejectUnauthorized: tls.skipVerify !== true,
    minVersion: "TLSv1.2",
  })
  return around(agent, https.request)
}

function around(agent: Agent, request: Connections["request"]): Connections {
  return {
    agent,
    request,
    retire() {
      // Closes what is idle; what is in use closes when it is given back, because the agent keeps nothing any more.
      agent.maxFreeSockets = 0
      for (const sockets of Object.values(agent.freeSockets))
        for (const socket of sockets ?? []) socket.destroy()
    },
    destroy: () => agent.destroy(),
  }
}

async function authority(ca: TlsOptions["ca"]): Promise<string | string[] | undefined> {
  if (typeof ca !== "object" || !("folder" in ca)) {
    const text = await pem("ca", ca)
    if (text !== undefined) await refuseNoCertificate(text)
    return text
  }
  const [{ readdir }, { join }] = await Promise.all([import("node:fs/promises"), import("node:path")])
  const files = await readdir(ca.folder).catch(unreadable("the folder of ca"))
  const wanted = files.filter(file => /\.(?:pem|crt|cer)$/.test(file))
  return (await Promise.all(wanted.map(file => pem("ca", { file: join(ca.folder, file) })))).filter(
    text => text !== undefined,
  )
}

async function pem(option: string, given: Pem | undefined): Promise<string | undefined> {
  if (given === undefined || typeof given === "string") return given
  const { readFile } = await import("node:fs/promises")
  return await readFile(given.file, "utf8").catch(unreadable(`the file of ${option}`))
}

function unreadable(what: string): (thrown: unknown) => never {
  return thrown => {
    throw misconfigured(
      `${what} cannot be read (${errorNumberName(thrown)})`,
      "see whether it is there and this process may read it",
    )
  }
}
