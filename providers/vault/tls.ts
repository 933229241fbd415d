import type { Agent, ClientRequest, RequestOptions } from "node:http"
import { errorNumberName, misconfigured, refuseNoCertificate } from "../../src/core/index.ts"
import { authorizationFor, type TunnelledOptions, tunnel } from "./proxy.ts"

/**
 * A certificate or key in PEM: the text itself, or the file that holds it. The file is read again at every login, and when
 * the two sides do not accept each other any more.
 */
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
  /** The texts of the certificates with which they are made. */
  readonly material: string
  /** Begins a request, on a connection that is free or on a new one. */
  request(url: string, options: TunnelledOptions): ClientRequest
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
 * @throws SecretError `MISCONFIGURED` for a file that cannot be read, and a certificate or key that is none.
 */
export async function connectionsTo(
  address: URL,
  tls: TlsOptions,
  proxy: string | undefined,
): Promise<Connections> {
  const kept = { keepAlive: true, timeout: KEPT }
  const through = proxy === undefined ? undefined : new URL(proxy)
  if (address.protocol === "http:") {
    const http = through?.protocol === "https:" ? await import("node:https") : await import("node:http")
    const agent = new http.Agent(kept)
    if (through === undefined) return around(agent, (url, options) => http.request(url, options))
    return around(agent, (url, { headers, ...options }) => {
      const forProxy = { ...headers, host: address.host, ...authorizationFor(through) }
      return http.request(through, { ...options, path: url, headers: forProxy })
    })
  }
  const [https, http, { connect }] = await Promise.all([
    import("node:https"),
    import("node:http"),
    import("node:tls"),
  ])
  const material = await materialOf(tls)
  const agent = new https.Agent({
    ...kept,
    ...material,
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    rejectUnauthorized: tls.skipVerify !== true,
    minVersion: "TLSv1.2",
  })
  if (through !== undefined) {
    const { request } = through.protocol === "https:" ? https : http
    tunnel(agent, through, { request, connect })
  }
  return around(agent, (url, options) => https.request(url, options), JSON.stringify(material))
}

function around(
  agent: Agent,
  request: (url: string, options: RequestOptions) => ClientRequest,
  material = "",
): Connections {
  return {
    material,
    request: (url, options) => request(url, { ...options, agent }),
    retire() {
      // Closes what is idle; what is in use closes when it is given back, because the agent keeps nothing any more.
      agent.maxFreeSockets = 0
      for (const sockets of Object.values(agent.freeSockets))
        for (const socket of sockets ?? []) socket.destroy()
    },
    destroy: () => agent.destroy(),
  }
}

/** What is given is used or refused: to Node a text that is empty is none, and an authority that is none means all of them. */
async function materialOf(tls: TlsOptions): Promise<{ ca?: string[]; cert?: string; key?: string }> {
  const [ca, cert, key, { createSecureContext }] = await Promise.all([
    authority(tls.ca),
    pem("cert", tls.cert),
    pem("key", tls.key),
    import("node:tls"),
  ])
  for (const text of ca ?? []) await refuseNoCertificate(text)
  const material = {
    ...(ca && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  try {
    if (cert === "" || key === "") throw new Error("nothing in it")
    createSecureContext(material)
    return material
  } catch {
    // What OpenSSL says may quote the file.
    throw misconfigured(
      "the certificates for the connection are none, or the key does not belong to the certificate",
      "ca, cert and key are PEM: they begin with -----BEGIN",
    )
  }
}

async function authority(ca: TlsOptions["ca"]): Promise<string[] | undefined> {
  if (typeof ca !== "object" || !("folder" in ca)) {
    const text = await pem("ca", ca)
    return text === undefined ? undefined : [text]
  }
  const [{ readdir }, { join }] = await Promise.all([import("node:fs/promises"), import("node:path")])
  const files = await readdir(ca.folder).catch(unreadable("the folder of ca"))
  const wanted = files.filter(file => /\.(?:pem|crt|cer)$/.test(file)).sort()
  if (wanted.length === 0)
    throw misconfigured(
      "the folder of ca holds no certificate",
      "the names of those end in .pem, .crt or .cer",
    )
  const texts = await Promise.all(wanted.map(file => pem("ca", { file: join(ca.folder, file) })))
  return texts.filter(text => text !== undefined)
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
