import { setTimeout } from "node:timers/promises"
import type { handleUnaryCall, ServerUnaryCall } from "@grpc/grpc-js"
import type { Access } from "./access.ts"
import type { Connections } from "./connections.ts"
import { Failure } from "./failure.ts"
import type { FaultQueue } from "./faults.ts"
import type { KnownIdentities } from "./identities.ts"
import type { Request } from "./messages.ts"
import { parseName } from "./names.ts"
import { OPERATIONS } from "./operations.ts"
import { METHODS, type Method } from "./permissions.ts"
import type { WrittenLog } from "./request-log.ts"
import type { State } from "./state.ts"
import { strike } from "./strike.ts"
import type { Accessed } from "./versions.ts"

/** What a call passes through. */
export interface Passage {
  readonly state: State
  readonly access: Access
  readonly identities: KnownIdentities
  readonly faults: FaultQueue
  readonly log: WrittenLog
  connections(): Connections
  latencyMs(): number
}

/** A handler for each method of the service. */
export function handlers(passage: Passage): Readonly<Record<string, handleUnaryCall<Request, object>>> {
  const methods = Object.keys(OPERATIONS) as Method[]
  return Object.fromEntries(methods.map(method => [method, handlerOf(passage, method)]))
}

function handlerOf(passage: Passage, method: Method): handleUnaryCall<Request, object> {
  return (call, callback) => {
    const entry = passage.log.begin(method, OPERATIONS[method].resource(call.request))
    const gone = new AbortController()
    call.once("cancelled", () => {
      passage.log.end(entry, "CANCELLED")
      gone.abort()
    })
    const known = (identity: string): void => {
      entry.identity = identity
    }
    answer(passage, method, call, known, gone.signal).then(
      message => {
        passage.log.end(entry, "OK")
        callback(null, message)
      },
      (thrown: unknown) => {
        if (gone.signal.aborted) return
        const failure =
          thrown instanceof Failure ? thrown : new Failure("UNKNOWN", "The stand-in itself failed.")
        passage.log.end(entry, failure.code)
        callback(failure.toServiceError())
      },
    )
  }
}

/** In the order of the service: who calls, what is named, whether it is allowed, and only then what is there. */
async function answer(
  { state, access, identities, faults, connections, latencyMs }: Passage,
  method: Method,
  call: ServerUnaryCall<Request, object>,
  known: (identity: string) => void,
  signal: AbortSignal,
): Promise<object> {
  const operation = OPERATIONS[method]
  const resource = operation.resource(call.request)
  const fault = faults.take(method, resource)
  const cut = (): void => connections().cut(call.getPeer())
  if (latencyMs() > 0) await setTimeout(latencyMs(), undefined, { signal })
  if (fault && !fault.afterEffect) await strike(fault, cut, signal)

  const authorization = call.metadata.get("authorization")[0]?.toString()
  const caller = identities.caller(
    authorization,
    `google.cloud.secretmanager.v1.SecretManagerService.${method}`,
  )
  if (caller) known(caller.name ?? "unnamed")
  const name = parseName(resource, operation.names)
  access.check(caller, METHODS[method], name)
  const message = operation.run(state, name, call.request)

  if (fault?.afterEffect) await strike(fault, cut, signal)
  return fault?.corrupt && method === "AccessSecretVersion" ? corrupted(message as Accessed) : message
}

function corrupted({ name, payload: { data, dataCrc32c } }: Accessed): Accessed {
  const changed = Buffer.from(data)
  changed[0] = (changed[0] ?? 0) ^ 1
  return { name, payload: { data: changed, dataCrc32c } }
}
