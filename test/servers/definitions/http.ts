/** How to ask. */
export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** An answer with its status; the body is `undefined` if it is no JSON. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/** Asks a server on this machine. Gives nothing if it does not answer within two seconds. */
export async function ask(
  url: string,
  { method = "GET", headers = {}, body }: Asking = {},
): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(2000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: parsed(text) }
  } catch {
    return undefined
  }
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
