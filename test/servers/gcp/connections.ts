import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { type Server, ServerCredentials } from "@grpc/grpc-js"
import { makeCertificate } from "../../support/certificates.ts"

/** Where a gRPC server listens, and the connections that it has. */
export interface Connections {
  readonly port: number
  /** The certificate in PEM form; `undefined` without TLS. */
  readonly ca: string | undefined
  /** Cuts the connection of a peer, `host:port`. */
  cut(peer: string): void
  cutAll(): void
  close(): Promise<void>
}

/**
 * Listens on 127.0.0.1 for a gRPC server. The sockets are taken here and handed over, because the server itself gives
 * no way to cut one.
 */
export async function listen(server: Server, port: number, tls: boolean): Promise<Connections> {
  const certificate = tls ? await makeCertificate() : undefined
  const credentials = certificate
    ? ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.cert) },
      ])
    : ServerCredentials.createInsecure()
  const injector = server.createConnectionInjector(credentials)
  const sockets = new Map<string, Socket>()
  const listener = createServer({ noDelay: true }, socket => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    sockets.set(peer, socket)
    socket.once("close", () => sockets.delete(peer))
    // A client that breaks off is the client's affair; without a listener it would end the process.
    socket.on("error", () => undefined)
    injector.injectConnection(socket)
  })
  listener.listen(port, "127.0.0.1")
  await once(listener, "listening")
  const cutAll = (): void => {
    for (const socket of sockets.values()) socket.resetAndDestroy()
  }
  return {
    port: (listener.address() as AddressInfo).port,
    ca: certificate?.cert,
    cut: peer => void sockets.get(peer)?.resetAndDestroy(),
    cutAll,
    async close() {
      const closed = once(listener, "close")
      listener.close()
      // Before the server takes leave of its clients: calls that wait end as they do when a machine dies.
      cutAll()
      injector.destroy()
      server.forceShutdown()
      await closed
    },
  }
}
