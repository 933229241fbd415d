import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { textOf } from "../server-replica.ts"
import { TOKEN_USED_MS } from "./times.ts"

const QUESTIONS = [
  { name: "who_am_i", arguments: {} },
  { name: "list_forms", arguments: { limit: 5 } },
  { name: "get_form", arguments: { formId: "form1" } },
] as const

/** An MCP client whose requests go to all replicas in turn, as behind a load balancer, with access tokens that they issue. */
export class Caller {
  /** How often a replica refused a token with 401 that was good by its date. */
  refusals = 0
  /** How often a token came to its end on the way, as it does where a machine stands still; another one was asked for. */
  expired = 0
  /** How many access tokens were issued to it. */
  tokens = 0
  readonly #origins: readonly string[]
  readonly #clientSecret: string
  readonly #client = new Client({ name: "load", version: "0.1.0" })
  #token: { readonly text: Promise<string>; readonly from: number } | undefined
  #turn = 0
  #asked = 0

  constructor(origins: readonly string[], clientSecret: string) {
    this.#origins = origins
    this.#clientSecret = clientSecret
  }

  async connect(): Promise<void> {
    const transport = new StreamableHTTPClientTransport(new URL("http://replicas.invalid/mcp"), {
      fetch: async (_address, init) => await this.#send(init),
    })
    // The SDK's types leave an optional property undefined, which exactOptionalPropertyTypes tells from absent.
    await this.#client.connect(transport as Parameters<Client["connect"]>[0])
  }

  /** Calls a tool. @throws Error with what the tool or the replica says, if that failed. */
  async call(): Promise<void> {
    const question = QUESTIONS[this.#asked++ % QUESTIONS.length] ?? QUESTIONS[0]
    const result = await this.#client.callTool(question)
    if (result.isError) throw new Error(textOf(result.content))
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  async #send(init: RequestInit = {}): Promise<Response> {
    const token = await this.#currentToken()
    const response = await this.#sendWith(token, init)
    if (response.status !== 401) return response
    if (!(response.headers.get("www-authenticate") ?? "").includes("expired")) {
      this.refusals += 1
      return response
    }
    this.expired += 1
    await response.arrayBuffer()
    if ((await this.#token?.text) === token) this.#token = undefined
    return await this.#sendWith(await this.#currentToken(), init)
  }

  async #sendWith(token: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set("authorization", `Bearer ${token}`)
    return await fetch(`${this.#next()}/mcp`, { ...init, headers })
  }

  async #currentToken(): Promise<string> {
    const now = performance.now()
    if (this.#token === undefined || now - this.#token.from > TOKEN_USED_MS) {
      const text = this.#newToken()
      this.#token = { text, from: now }
      text.catch(() => {
        // Whoever waits for it is told; the next one asks anew.
        this.#token = undefined
      })
    }
    return await this.#token.text
  }

  async #newToken(): Promise<string> {
    const basic = Buffer.from(`load:${this.#clientSecret}`).toString("base64")
    const response = await fetch(`${this.#next()}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    })
    const answer = (await response.json()) as { access_token?: string }
    if (answer.access_token === undefined) throw new Error(`no token: HTTP ${response.status}`)
    this.tokens += 1
    return answer.access_token
  }

  #next(): string {
    return this.#origins[this.#turn++ % this.#origins.length] ?? ""
  }
}
