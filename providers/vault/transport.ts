import type { ClientRequest, IncomingMessage } from "node:http"
import { openOnce } from "../../src/core/index.ts"
import { VaultFailure } from "./failure.ts"
import { connectionsTo, type TlsOptions } from "./tls.ts"

/** One request, as it goes out. Its headers and its body hold credentials and values. */
export interface VaultRequest {
  readonly method: "GET" | "POST" | "DELETE"
  /** The whole address, with every segment of the path encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON, if the request has a body. */
  readonly body: string | undefined
  readonly signal: AbortSignal
  /** Whether the files of certificates are to be read again: those of a login may have been replaced. */
  readonly freshCertificates: boolean
}

/** One answer, as it came in. */
export interface VaultAnswer {
  readonly status: number
  /** In lower case; only `retry-after` is looked at. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/**
 * How requests get to the server and answers back. Follows no redirect: it would carry the token along. Repeats nothing.
 * What it throws is taken for a network that failed; of that only a `code` such as `"ECONNREFUSED"` is looked at.
 */
export interface VaultTransport {
  send(request: VaultRequest): Promise<VaultAnswer>
  /** Gives back its connections. */
  close?(): Promise<void> | void
}

/** The longest answer that is read, in bytes: twice what the server takes as a request. */
const LONGEST_ANSWER = 64 * 2 ** 20

/**
 * The transport of this library, on Node's own HTTP: connections are kept for half a minute, certificates and a proxy are
 * as the options say, and nothing but the answer is read from the far side.
 */
export function httpTransport(
  address: URL,
  tls: TlsOptions,
  proxy: string | undefined,
): Required<VaultTransport> {
  const opened = openOnce(() => connectionsTo(address, tls, proxy))
  const underWay = new Set<ClientRequest>()

  return {
    async send({ method, url, headers, body, signal, freshCertificates }) {
      if (freshCertificates) (await opened.take())?.retire()
      const { agent, request } = await opened.get()
      signal.throwIfAborted()
      return await new Promise<VaultAnswer>((resolve, reject) => {
        const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
        const outgoing = request(url, { method, agent, headers: { ...headers, ...length } })
        const abort = () => void outgoing.destroy()
        const done = () => {
          underWay.delete(outgoing)
          signal.removeEventListener("abort", abort)
        }
        underWay.add(outgoing)
        signal.addEventListener("abort", abort, { once: true })
        outgoing.on("error", thrown => {
          done()
          reject(thrown)
        })
        outgoing.on("response", incoming => {
          read(incoming).finally(done).then(resolve, reject)
        })
        outgoing.end(body)
      })
    },
    async close() {
      for (const outgoing of underWay) outgoing.destroy()
      const connections = await opened.take()
      connections?.destroy()
    },
  }
}

async function read(incoming: IncomingMessage): Promise<VaultAnswer> {
  const status = incoming.statusCode ?? 0
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LONGEST_ANSWER) {
      incoming.destroy()
      throw new VaultFailure({ status, reason: "too-long-answer" })
    }
    chunks.push(chunk)
  }
  return { status, headers: incoming.headers, body: Buffer.concat(chunks).toString("utf8") }
}
