import { type handleUnaryCall, Server } from "@grpc/grpc-js"
import type { GcpOptions } from "latchkey/gcp"
import { onTestFinished } from "vitest"
import { listen } from "../../servers/gcp/connections.ts"
import { Failure } from "../../servers/gcp/failure.ts"
import { METHODS, type Method } from "../../servers/gcp/index.ts"
import { secretManagerService } from "../../servers/gcp/protos.ts"

/** A call that arrived. */
export interface Played {
  readonly method: Method
  readonly request: Readonly<Record<string, unknown>>
  /** What stood under `authorization`. */
  readonly authorization: string | undefined
}

/** A server that says what it is told to, without any state. */
export interface Player {
  readonly options: GcpOptions
  /** The certificate to trust, with TLS. */
  readonly ca: string | undefined
  readonly calls: readonly Played[]
}

/**
 * Starts a server that ends with the test.
 *
 * @param answer what it answers to a call; a {@link Failure} that is thrown is its status.
 */
export async function playing(answer: (call: Played) => object, tls = false): Promise<Player> {
  const calls: Played[] = []
  const server = new Server()
  const handlerOf = (method: Method): handleUnaryCall<Played["request"], object> => {
    return ({ request, metadata }, callback) => {
      const call = { method, request, authorization: metadata.get("authorization")[0]?.toString() }
      calls.push(call)
      try {
        callback(null, answer(call))
      } catch (thrown) {
        callback((thrown instanceof Failure ? thrown : new Failure("INTERNAL", "")).toServiceError())
      }
    }
  }
  const methods = Object.keys(METHODS) as Method[]
  const handlers = Object.fromEntries(methods.map(method => [method, handlerOf(method)]))
  server.addService(secretManagerService(), handlers)
  const { port, ca, close } = await listen(server, 0, tls)
  onTestFinished(async () => await close())
  const endpoint = `localhost:${port}`
  return { calls, ca, options: { project: "my-project", endpoint, ...(!tls && { insecure: true }) } }
}
