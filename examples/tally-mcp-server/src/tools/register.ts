import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import type { TallyClient } from "../tally-client.ts"
import type { ToolCalls } from "../tool-calls.ts"

/** What a tool needs to be offered. */
export interface Offer {
  readonly server: McpServer
  readonly tally: TallyClient
  readonly calls: ToolCalls
}

/** Adds one tool to a server. */
export type RegisterTool = (offer: Offer) => void
