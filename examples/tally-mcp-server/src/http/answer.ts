import type { IncomingMessage, ServerResponse } from "node:http"

/** What is answered to a request that is no message of MCP. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

/** More than any message of a client needs. */
const LARGEST_BODY = 1024 * 1024

/** A request that is answered with a status and no more. */
export class Refused extends Error {
  override readonly name = "Refused"
  readonly answer: Answer

  constructor(answer: Answer) {
    super("the request is refused")
    this.answer = answer
  }
}

/** @throws Refused for one that is larger than any message. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > LARGEST_BODY) {
      throw new Refused({ status: 413, headers: { connection: "close" }, body: { error: "too_large" } })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

export function answer(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}
