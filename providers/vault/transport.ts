import type { ClientRequest, IncomingMessage } from "node:http"
import { openOnce } from "../../src/core/index.ts"
import { refusalIn, VaultFailure } from "./failure.ts"
import { type Connections, connectionsTo, type TlsOptions } from "./tls.ts"

/** One request, as it goes out. Its headers and its body hold credentials and values. */
export interface VaultRequest {
  readonly method: "GET" | "POST" | "DELETE"
  /** The whole address, with every segment of the path encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON, if the request has a body. */
  readonly body: string | undefined
  readonly signal: AbortSignal
  /** Whether the files of certificates are to be read again before: those of a login may have been replaced. */
  readonly freshCertificates: boolean
}

/** One answer, as it came in. */
export interface VaultAnswer {
  readonly status: number
  /** In lower case; only `retry-after` and `date` are looked at. */
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
 *
 * When the two sides do not accept each other, and the files of the certificates have changed, connections are made anew
 * with what they hold now. What certainly was not heard is asked once more then; whoever breaks off may have heard it.
 */
export function httpTransport(
  address: URL,
  tls: TlsOptions,
  proxy: string | undefined,
): Required<VaultTransport> {
  let way: Connections | undefined
  const opened = openOnce(async () => {
    way = await connectionsTo(address, tls, proxy)
    return way
  })
  const underWay = new Set<ClientRequest>()

  /** The way as the files are now, if they have changed. Files that are only being replaced are for the next time. */
  async function renewed(used: Connections): Promise<Connections> {
    const next = await connectionsTo(address, tls, proxy).catch(() => used)
    if (way === used && next.material !== used.material) {
      way = next
      used.retire()
    }
    return way ?? used
  }

  async function exchanged(
    { request }: Connections,
    { method, url, headers, body, signal }: VaultRequest,
  ): Promise<VaultAnswer> {
    signal.throwIfAborted()
    return await new Promise<VaultAnswer>((resolve, reject) => {
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
      const outgoing = request(url, { method, headers: { ...headers, ...length }, wanted: signal })
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
  }

  return {
    async send(request) {
      const current = way ?? (await opened.get())
      const used = request.freshCertificates ? await renewed(current) : current
      try {
        return await exchanged(used, request)
      } catch (thrown) {
        const refusal = request.signal.aborted ? undefined : refusalIn(thrown)
        const next = refusal === undefined ? used : await renewed(used)
        if (next === used || refusal !== "unheard") throw thrown
        return await exchanged(next, request)
      }
    },
    async close() {
      for (const outgoing of underWay) outgoing.destroy()
      await opened.take()
      way?.destroy()
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
