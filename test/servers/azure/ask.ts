import { request } from "node:https"
import type { AzureServer } from "./index.ts"

/** What is asked, in plain HTTPS. */
export interface Question {
  readonly method?: string
  /** With the query. */
  readonly path: string
  /** Left out: no `Authorization` at all. */
  readonly token?: string
  /** Text is sent as it is, everything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** What the vault is called. Default: its address. */
  readonly host?: string
}

/** What came back. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The text as JSON, if that is what it is. */
  readonly body: unknown
}

/** Asks a stand-in without any SDK. Rejects if the connection ends before the answer does. */
export async function ask(server: Pick<AzureServer, "port" | "ca">, question: Question): Promise<Reply> {
  const { method = "GET", path, token, body, host } = question
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body)
  return await new Promise<Reply>((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: server.port,
        ca: server.ca,
        agent: false,
        method,
        path,
        ...(host === undefined ? {} : { servername: host }),
        headers: {
          ...(host === undefined ? {} : { host }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(text === undefined ? {} : { "content-type": "application/json" }),
          ...question.headers,
        },
      },
      response => {
        const chunks: Buffer[] = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("error", reject)
        response.on("end", () => {
          const received = Buffer.concat(chunks).toString()
          const { statusCode: status = 0, headers } = response
          resolve({ status, headers, text: received, body: parsed(received) })
        })
      },
    )
    sent.on("error", reject)
    sent.end(text)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
