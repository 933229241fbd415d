import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"

/** How long calls under way may go on after the server was asked to stop. MCP clients lose patience after 2 s. */
export const DRAIN_MS = 1_500

/** After this the process ends, whatever still hangs. */
const LONGEST_STOP_MS = 4_000

/**
 * Resolves with the reason when a server should stop: a signal, or the client at the other end has gone. A second
 * signal ends the process at once, as it would without this function.
 */
export async function askedToStop({ server }: McpServer): Promise<string> {
  const asked = new AbortController()
  const reason = await new Promise<string>(resolve => {
    const on = (emitter: NodeJS.EventEmitter, event: string, reason: string): void => {
      const listener = () => resolve(reason)
      emitter.on(event, listener)
      asked.signal.addEventListener("abort", () => emitter.off(event, listener), { once: true })
    }
    on(process, "SIGTERM", "SIGTERM")
    on(process, "SIGINT", "SIGINT")
    on(process.stdin, "end", "the client has closed the connection")
    on(process.stdin, "close", "the client has closed the connection")
    on(process.stdout, "error", "the client no longer reads")
    server.onclose = () => resolve("the connection is closed")
  })
  asked.abort()
  return reason
}

/** Makes sure that stopping ends, even if something that should have been closed was not. */
export function endSoon(): void {
  setTimeout(() => process.exit(), LONGEST_STOP_MS).unref()
}
