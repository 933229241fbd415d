import { onTestFinished } from "vitest"
import { ask, type Question, type Reply } from "./ask.ts"
import { type AzureOptions, type AzureServer, startAzure } from "./index.ts"

/** A stand-in of a test, and two ways to ask it. */
export interface Session {
  readonly server: AzureServer
  /** Asks with a token of the owner; paths get their `api-version`. */
  readonly call: (method: string, path: string, body?: unknown, as?: string) => Promise<Reply>
  /** The status, and the codes of the error if there is one. */
  readonly codes: (method: string, path: string, body?: unknown, as?: string) => Promise<unknown[]>
}

/** Starts a stand-in that is closed when the test ends. */
export async function started(options: AzureOptions = {}): Promise<Session> {
  const server = await startAzure(options)
  onTestFinished(async () => await server.close())
  const call: Session["call"] = async (method, path, body, as) => {
    const question: Question = {
      method,
      path: `${path}${path.includes("?") ? "&" : "?"}api-version=7.6`,
      token: server.token(as),
    }
    return await ask(server, body === undefined ? question : { ...question, body })
  }
  const codes: Session["codes"] = async (...asked) => codesOf(await call(...asked))
  return { server, call, codes }
}

/** The status of a reply, and the codes of the error if there is one. */
export function codesOf({ status, body }: Reply): unknown[] {
  const { error } = (body ?? {}) as { error?: { code: string; innererror?: { code: string } } }
  return [status, error?.code, error?.innererror?.code].filter(one => one !== undefined)
}
