import { fromJSON, type MessageTypeDefinition } from "@grpc/proto-loader"

/** A detail of an error, as google/rpc/error_details.proto defines it: the four kinds that the stand-in sends. */
export type ErrorDetail =
  | {
      readonly type: "ErrorInfo"
      readonly reason: string
      readonly domain: string
      readonly metadata: Readonly<Record<string, string>>
    }
  | { readonly type: "RetryInfo"; readonly retryDelay: { readonly seconds: string; readonly nanos: number } }
  | { readonly type: "DebugInfo"; readonly detail: string }
  | {
      readonly type: "Help"
      readonly links: ReadonlyArray<{ readonly description: string; readonly url: string }>
    }

/** google/rpc/status.proto and error_details.proto: the packages at hand do not ship them where they can be imported. */
const PROTOS = {
  nested: {
    Any: { fields: { typeUrl: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } } },
    Status: {
      fields: {
        code: { type: "int32", id: 1 },
        message: { type: "string", id: 2 },
        details: { rule: "repeated", type: "Any", id: 3 },
      },
    },
    ErrorInfo: {
      fields: {
        reason: { type: "string", id: 1 },
        domain: { type: "string", id: 2 },
        metadata: { keyType: "string", type: "string", id: 3 },
      },
    },
    RetryInfo: { fields: { retryDelay: { type: "Duration", id: 1 } } },
    DebugInfo: {
      fields: {
        stackEntries: { rule: "repeated", type: "string", id: 1 },
        detail: { type: "string", id: 2 },
      },
    },
    Help: { fields: { links: { rule: "repeated", type: "Link", id: 1 } } },
    Link: { fields: { description: { type: "string", id: 1 }, url: { type: "string", id: 2 } } },
    Duration: { fields: { seconds: { type: "int64", id: 1 }, nanos: { type: "int32", id: 2 } } },
  },
}

const types = fromJSON(PROTOS, { longs: String }) as Record<string, MessageTypeDefinition<object, object>>
const PREFIX = "type.googleapis.com/google.rpc."

/** The bytes of a google.rpc.Status with these details, for the trailer `grpc-status-details-bin`. */
export function packedDetails(code: number, message: string, details: readonly ErrorDetail[]): Buffer {
  const packed = details.map(detail => ({
    typeUrl: `${PREFIX}${detail.type}`,
    value: typeNamed(detail.type).serialize(detail),
  }))
  return typeNamed("Status").serialize({ code, message, details: packed })
}

/** The details in such a trailer. */
export function detailsOf(trailer: Uint8Array): ErrorDetail[] {
  const { details = [] } = typeNamed("Status").deserialize(Buffer.from(trailer)) as {
    details?: ReadonlyArray<{ typeUrl: string; value: Buffer }>
  }
  return details.map(({ typeUrl, value }) => {
    const type = typeUrl.replace(PREFIX, "")
    return { type, ...typeNamed(type).deserialize(value) } as ErrorDetail
  })
}

function typeNamed(name: string): MessageTypeDefinition<object, object> {
  const type = types[name]
  if (type === undefined) throw new Error(`no type of details is called ${name}`)
  return type
}
