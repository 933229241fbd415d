import { once } from "node:events"
import { createSecureServer, type ServerHttp2Session } from "node:http2"
import type { AddressInfo } from "node:net"
import type { Certificate } from "../support/certificates.ts"
import type { MadeAnswer } from "./http-faults.ts"

/** A server that speaks HTTP/2 and answers everything in the same way: what may stand in front of a gRPC service. */
export interface Http2Answers {
  readonly port: number
  /** How many requests it has answered. */
  readonly answered: number
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1. */
export async function startHttp2Answers(certificate: Certificate, answer: MadeAnswer): Promise<Http2Answers> {
  const { status, headers = {}, body = "" } = answer
  let answered = 0
  const sessions = new Set<ServerHttp2Session>()
  const server = createSecureServer(certificate)
  server.on("session", session => {
    sessions.add(session)
    session.once("close", () => sessions.delete(session))
    // A client that leaves in the middle is nobody's loss.
    session.on("error", () => session.destroy())
  })
  server.on("stream", stream => {
    answered += 1
    stream.on("error", () => stream.destroy())
    stream.respond({ ":status": status, ...headers })
    stream.end(body)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    get answered() {
      return answered
    },
    async close() {
      const closed = once(server, "close")
      server.close()
      for (const session of sessions) session.destroy()
      await closed
    },
  }
}
