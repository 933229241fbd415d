import { request as overHttp } from "node:http"
import { request as overHttps } from "node:https"
import { text as textOf } from "node:stream/consumers"

/** How to ask. */
export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | undefined
  /** The authority of the server's certificate, as PEM. */
  readonly ca?: string | undefined
  /** With what the caller shows who he is. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined
}

/** An answer with its status; the body is `undefined` if it is no JSON. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/** Milliseconds that a server on a busy machine is given for one answer. */
export const ANSWERS_WITHIN = 10_000

/** Asks a server on this machine. Gives nothing if it does not answer in time. */
export async function ask(
  url: string,
  { method = "GET", headers = {}, body, ca, client }: Asking = {},
): Promise<Answer | undefined> {
  const send = url.startsWith("https:") ? overHttps : overHttp
  return await new Promise(resolve => {
    const nothing = (): void => resolve(undefined)
    // A connection of its own for each question: none is left open when the server is to end.
    send(
      url,
      { method, headers, ca, ...client, agent: false, signal: AbortSignal.timeout(ANSWERS_WITHIN) },
      response => {
        textOf(response).then(
          read => resolve({ status: response.statusCode ?? 0, body: parsed(read) }),
          nothing,
        )
      },
    )
      .once("error", nothing)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** A field that is a text, or nothing. */
export function text(
  fields: Readonly<Record<string, unknown>> | undefined,
  name: string,
): string | undefined {
  const value = fields?.[name]
  return typeof value === "string" ? value : undefined
}

function parsed(body: string): Answer["body"] {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
