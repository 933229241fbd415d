import type { IncomingMessage, ServerResponse } from "node:http"
import { type Answer, errorAnswer } from "./answers.ts"
import type { Mishap } from "./faults.ts"
import { headersOf } from "./send.ts"

/** A request that meets a fault. */
export interface Victim {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly carryOut: () => Promise<Answer>
  readonly finish: (answer: Answer) => void
  readonly wait: (milliseconds: number) => Promise<void>
  readonly healed: () => Promise<void>
}

/** Ends a request in the way of its fault. */
export async function misfortune(mishap: Mishap, victim: Victim): Promise<void> {
  const { request, response, carryOut, finish } = victim
  if ("status" in mishap) {
    if (mishap.carriedOut) await carryOut()
    return finish(failure(mishap.status, mishap.retryAfter))
  }
  if ("slow" in mishap) {
    await (typeof mishap.slow === "number" ? victim.wait(mishap.slow) : mishap.slow)
    return finish(await carryOut())
  }
  if ("hang" in mishap) {
    await victim.healed()
    request.socket.destroy()
    return
  }
  if ("reset" in mishap) {
    request.socket.destroy()
    return
  }
  if ("lost" in mishap) {
    await carryOut()
    request.socket.destroy()
    return
  }
  if ("redirect" in mishap) {
    const location = new URL(request.url ?? "/", mishap.redirect).href
    return finish({ status: 307, headers: { location } })
  }
  if ("html" in mishap) return sendAs(victim, 200, "text/html", mishap.html === true ? PAGE : mishap.html)
  const { status, body } = await carryOut()
  const text = JSON.stringify(body ?? {})
  const half = text.slice(0, Math.floor(text.length / 2))
  if ("malformed" in mishap)
    return sendAs(victim, status, "application/json", mishap.malformed === true ? half : mishap.malformed)
  const head = {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  }
  response.writeHead(status, { ...headersOf(request.headers["x-ms-client-request-id"] as string), ...head })
  response.write(half, () => request.socket.destroy())
}

const PAGE =
  "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to the network.</body></html>"

function sendAs({ request, response }: Victim, status: number, type: string, text: string): void {
  const head = { "content-type": `${type}; charset=utf-8`, "content-length": Buffer.byteLength(text) }
  response.writeHead(status, { ...headersOf(request.headers["x-ms-client-request-id"]), ...head }).end(text)
}

/** What the service says with each status; the 5xx are from "KeyVaultError" and HTTP alone, no record has one. */
function failure(status: number, retryAfter: number | string | undefined): Answer {
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  const [code, text, inner] = TEXTS[status] ?? ["InternalServerError", "An internal error occurred."]
  return errorAnswer(status, code, text, inner, headers)
}

const TEXTS: Readonly<Record<number, readonly [code: string, text: string, inner?: string]>> = {
  400: ["BadParameter", "The request is not understood."],
  401: ["Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."],
  403: ["Forbidden", "Caller is not authorized to perform action on resource.", "ForbiddenByRbac"],
  404: ["SecretNotFound", "A secret with this name was not found in this key vault."],
  409: ["Conflict", "The secret is being changed by another request."],
  429: [
    "Throttled",
    "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
  ],
  502: ["BadGateway", "Bad gateway."],
  503: ["ServiceUnavailable", "The service is temporarily unavailable."],
  504: ["GatewayTimeout", "The request timed out."],
}
