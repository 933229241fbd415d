import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Answer } from "./answers.ts"

/** The headers that every recorded answer has. */
export function headersOf(requestId: string | string[] | undefined): Record<string, string> {
  return {
    "cache-control": "no-cache",
    pragma: "no-cache",
    expires: "-1",
    ...(requestId === undefined ? {} : { "x-ms-client-request-id": String(requestId) }),
    "x-ms-request-id": randomUUID(),
    "x-ms-keyvault-region": "westeurope",
    "x-ms-keyvault-service-version": "1.9.576.1",
    "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=31536000;includeSubDomains",
  }
}

/** Sends an answer. */
export function send(response: ServerResponse, answer: Answer, requestId?: string | string[]): void {
  const { status, headers = {}, body } = answer
  if (body === undefined) {
    response.writeHead(status, { ...headersOf(requestId), ...headers }).end()
    return
  }
  const text = Buffer.from(JSON.stringify(body))
  response
    .writeHead(status, {
      ...headersOf(requestId),
      "content-type": "application/json; charset=utf-8",
      "content-length": text.length,
      ...headers,
    })
    .end(text)
}

/** The body of a request. */
export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
