import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { log } from "./log.ts"
import type { TallyClient } from "./tally-client.ts"
import type { ToolCalls } from "./tool-calls.ts"
import { tools } from "./tools/index.ts"

/** An MCP server with the Tally tools, not yet connected to a client. */
export function createServer(tally: TallyClient, calls: ToolCalls): McpServer {
  const server = new McpServer(
    { name: "tally", title: "Tally", version: "0.1.0" },
    { instructions: "Reads forms and their submissions from Tally. Start with list_forms to learn the ids." },
  )
  // The SDK's error is not shown, because it quotes what the client wrote.
  server.server.onerror = () => log("could not handle an MCP message")
  for (const register of tools) register({ server, tally, calls })
  return server
}
