import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { isSecretError, type Secret } from "latchkey"
import { log } from "../log.ts"
import { createServer } from "../server.ts"
import type { TallyClient } from "../tally-client.ts"
import { ToolCalls } from "../tool-calls.ts"
import type { AccessTokens } from "./access-tokens.ts"
import { answer, bodyOf, Refused } from "./answer.ts"
import type { Audit } from "./audit.ts"
import { issueToken } from "./token-endpoint.ts"

/** What the server works with. */
export interface AppOptions {
  readonly tally: TallyClient
  readonly tokens: AccessTokens
  readonly clientSecret: Secret<string>
  readonly audit: Audit
}

/**
 * `POST /token` issues access tokens, `POST /mcp` takes messages of MCP (Streamable HTTP, without sessions: every
 * replica answers every message).
 */
export function createApp(options: AppOptions): RequestListener {
  return (request, response) => {
    void route(request, response, options).catch((thrown: unknown) => fail(response, thrown))
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { tally, tokens, clientSecret, audit }: AppOptions,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost")
  if (pathname !== "/token" && pathname !== "/mcp") {
    throw new Refused({ status: 404, body: { error: "not_found" } })
  }
  if (request.method !== "POST") {
    throw new Refused({ status: 405, headers: { allow: "POST" }, body: { error: "method_not_allowed" } })
  }
  const { authorization } = request.headers
  if (pathname === "/token") {
    answer(response, await issueToken(authorization, await bodyOf(request), clientSecret, tokens))
    return
  }

  const token = /^Bearer (\S+)$/.exec(authorization ?? "")?.[1]
  const checked = token === undefined ? ({ refused: "invalid" } as const) : await tokens.check(token)
  if ("refused" in checked) {
    // RFC 6750, 3.1: the description is for developers; it tells which of the two it is.
    const challenge = `Bearer error="invalid_token", error_description="${checked.refused}"`
    const body = { error: "invalid_token", error_description: checked.refused }
    throw new Refused({ status: 401, headers: { "www-authenticate": challenge }, body })
  }
  const { client } = checked
  const calls = new ToolCalls(async (tool, ok) => await audit.record({ client, tool, ok }))
  const server = createServer(tally, calls)
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  response.once("close", () => void server.close())
  // The SDK's types leave an optional property undefined, which exactOptionalPropertyTypes tells from absent.
  await server.connect(transport as Parameters<typeof server.connect>[0])
  await transport.handleRequest(request, response, messageOf(await bodyOf(request)))
}

function messageOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new Refused({ status: 400, body: { error: "no_json" } })
  }
}

/** What happened is told by a status and a code, never by the text of another error. */
function fail(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) {
    response.destroy()
  } else if (thrown instanceof Refused) {
    answer(response, thrown.answer)
  } else if (isSecretError(thrown)) {
    log(`cannot answer: ${thrown.message}`)
    answer(response, { status: 503, body: { error: thrown.code } })
  } else {
    log(`failed with ${thrown instanceof Error ? thrown.name : typeof thrown}`)
    answer(response, { status: 500, body: { error: "server_error" } })
  }
}
