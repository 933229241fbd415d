import { fileURLToPath } from "node:url"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { RecordingTransport } from "./recording-transport.ts"
import { nodeArguments, type Replica, type ReplicaOptions, type Stopped } from "./replica.ts"

/** The program of the server. */
export const serverProgram: string = fileURLToPath(new URL("../src/main.ts", import.meta.url))

const QUESTIONS = [
  { name: "who_am_i", arguments: {} },
  { name: "list_forms", arguments: { limit: 5 } },
  { name: "get_form", arguments: { formId: "form1" } },
  { name: "list_submissions", arguments: { formId: "form1", page: 2, limit: 5, startDate: "2026-02-01" } },
] as const

/** Starts the MCP server and a real MCP client that calls all of its tools in turn. */
export async function startServerReplica({
  name,
  folder,
  environment,
  baseUrl,
  conditions,
}: ReplicaOptions): Promise<Replica> {
  const transport = new RecordingTransport({
    command: process.execPath,
    args: [...nodeArguments(conditions), serverProgram],
    cwd: folder,
    env: { ...environment, TALLY_BASE_URL: baseUrl },
  })
  const client = new Client({ name: "load", version: "0.1.0" })
  try {
    await client.connect(transport)
  } catch {
    await client.close()
    await transport.ended()
    throw new Error(`the server did not start; it wrote:\n${transport.stderrText}`)
  }

  let asked = 0
  return {
    name,
    async call() {
      const question = QUESTIONS[asked++ % QUESTIONS.length] ?? QUESTIONS[0]
      const result = await client.callTool(question)
      if (result.isError) throw new Error(textOf(result.content))
    },
    async stop(): Promise<Stopped> {
      const start = performance.now()
      transport.kill("SIGTERM")
      const { code } = await transport.ended()
      const tookMs = performance.now() - start
      await client.close()
      return { code, tookMs }
    },
    get written() {
      return { stdout: transport.stdoutText, stderr: transport.stderrText }
    },
  }
}

/** The text of a tool's answer. */
export function textOf(content: unknown): string {
  const parts = Array.isArray(content) ? content : []
  return parts.map(part => (part?.type === "text" ? String(part.text) : "")).join("\n")
}
