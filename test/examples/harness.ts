import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { makePlace, type Place } from "../../examples/tally-mcp-server/demo/place.ts"
import { RecordingTransport } from "../../examples/tally-mcp-server/demo/recording-transport.ts"
import { nodeArguments } from "../../examples/tally-mcp-server/demo/replica.ts"
import { serverProgram, textOf } from "../../examples/tally-mcp-server/demo/server-replica.ts"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { type Canary, expectNoLeak, newCanary } from "../support/canary.ts"

/** What a tool answered. */
export interface ToolAnswer {
  readonly isError: boolean
  readonly text: string
}

/** A server in a process of its own, with its client, its `.env` and the stand-in that it asks. */
export class RunningServer {
  readonly standIn: TallyStandIn
  readonly place: Place
  readonly client = new Client({ name: "test", version: "0.1.0" })
  readonly transport: RecordingTransport
  readonly canaries: Canary[]
  readonly token: string

  private constructor(standIn: TallyStandIn, place: Place, canary: Canary, env: Record<string, string>) {
    this.standIn = standIn
    this.place = place
    this.canaries = [canary]
    this.token = tokenWith(canary)
    this.transport = new RecordingTransport({
      command: process.execPath,
      args: [...nodeArguments(), serverProgram],
      cwd: place.folder,
      env: { TALLY_BASE_URL: standIn.url(), ...env },
    })
  }

  static async start(env: Record<string, string> = {}): Promise<RunningServer> {
    const canary = newCanary()
    const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
    standIn.tokens.add(tokenWith(canary))
    const place = await makePlace(`TALLY__API_TOKEN=${tokenWith(canary)}\n`)
    const server = new RunningServer(standIn, place, canary, env)
    try {
      await server.client.connect(server.transport)
    } catch {
      await server.end()
      throw new Error(`the server did not start; it wrote:\n${server.transport.stderrText}`)
    }
    return server
  }

  /** A token that will be looked for, too. */
  nextToken(): string {
    const canary = newCanary()
    this.canaries.push(canary)
    return tokenWith(canary)
  }

  async call(name: string, input: Record<string, unknown> = {}, signal?: AbortSignal): Promise<ToolAnswer> {
    const options = signal === undefined ? {} : { signal }
    const result = await this.client.callTool({ name, arguments: input }, undefined, options)
    for (const canary of this.canaries) expectNoLeak(canary, result)
    return { isError: result.isError === true, text: textOf(result.content) }
  }

  /** Ends everything and looks for the tokens in all that the server wrote. */
  async end(): Promise<void> {
    await this.client.close()
    await this.transport.ended()
    await this.standIn.close()
    await this.place.remove()
    for (const canary of this.canaries)
      expectNoLeak(canary, this.transport.stdoutText, this.transport.stderrText)
  }
}

function tokenWith(canary: Canary): string {
  return `tly-${canary.text}`
}
