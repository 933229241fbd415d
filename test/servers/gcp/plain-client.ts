import {
  type CallOptions,
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js"
import { detailsOf, type ErrorDetail } from "./error-details.ts"
import type { Request } from "./messages.ts"
import type { Method } from "./permissions.ts"
import { secretManagerService } from "./protos.ts"
import type { GcpServer } from "./types.ts"

/** What a call came to: the message, or the status with its details. */
export interface Answer {
  /** The name of the status, `OK` too. */
  readonly code: keyof typeof status
  readonly grpcCode: number
  /** The text of the status; `""` with `OK`. */
  readonly text: string
  readonly details: readonly ErrorDetail[]
  /** The message that was answered; `{}` with an error. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A gRPC client that knows the protos and nothing else. */
export interface PlainClient {
  call(method: Method, request: Request, options?: PlainCallOptions): Promise<Answer>
  close(): void
}

export interface PlainCallOptions {
  /** Default: no token. */
  readonly token?: string
  /** Ends the call on the client's side. */
  readonly signal?: AbortSignal
  /** Milliseconds until the call's deadline. Default: none. */
  readonly deadlineMs?: number
}

/** A client of a stand-in, over TLS if the stand-in speaks it. */
export function plainClient(server: Pick<GcpServer, "address" | "ca">): PlainClient {
  const channel = server.ca ? credentials.createSsl(Buffer.from(server.ca)) : credentials.createInsecure()
  // The certificate is checked for this name: a number is no name of a server (RFC 6066).
  const client = new Client(server.address, channel, { "grpc.ssl_target_name_override": "localhost" })
  const service = secretManagerService()

  return {
    async call(method, request, { token, signal, deadlineMs } = {}) {
      const { path, requestSerialize, responseDeserialize } = service[method] as MethodDefinition<
        Request,
        Record<string, unknown>
      >
      const metadata = new Metadata()
      if (token !== undefined) metadata.set("authorization", `Bearer ${token}`)
      const options: CallOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
      return await new Promise<Answer>(resolve => {
        const call = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          options,
          (error, body) => resolve(error ? refusal(error) : success(body ?? {})),
        )
        signal?.addEventListener("abort", () => call.cancel(), { once: true })
      })
    },
    close: () => client.close(),
  }
}

function success(body: Readonly<Record<string, unknown>>): Answer {
  return { code: "OK", grpcCode: status.OK, text: "", details: [], body }
}

function refusal(error: ServiceError): Answer {
  const trailer = error.metadata?.get("grpc-status-details-bin")[0]
  return {
    code: status[error.code] as Answer["code"],
    grpcCode: error.code,
    text: error.details,
    details: trailer === undefined ? [] : detailsOf(Buffer.from(trailer)),
    body: {},
  }
}
