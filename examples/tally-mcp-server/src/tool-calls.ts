import { setImmediate as nextTurn } from "node:timers/promises"
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import { NotWrittenDown, TallyError } from "./errors.ts"
import { log } from "./log.ts"

/** Writes down that a tool was called, and whether that went well. If it rejects, the answer of the call is kept back. */
export type WriteDown = (tool: string, ok: boolean) => Promise<void>

/** Runs the calls of tools: their answers and failures become results, and it is known how many are under way. */
export class ToolCalls {
  readonly #writeDown: WriteDown
  #underWay = 0
  #quiet: (() => void) | undefined

  /** @param writeDown Default: nothing is written down. */
  constructor(writeDown: WriteDown = async () => undefined) {
    this.#writeDown = writeDown
  }

  /** Runs one call. A failure is a result that says so, because the model on the other side can act on it. */
  async run(tool: string, call: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
    this.#underWay += 1
    try {
      return await this.#writtenDown(tool, call)
    } catch (thrown) {
      return { content: [{ type: "text", text: explained(tool, thrown) }], isError: true }
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#quiet?.()
    }
  }

  async #writtenDown(tool: string, call: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
    let found: Record<string, unknown>
    try {
      found = await call()
    } catch (thrown) {
      await this.#writeDown(tool, false)
      throw thrown
    }
    await this.#writeDown(tool, true)
    return { content: [{ type: "text", text: JSON.stringify(found) }], structuredContent: found }
  }

  /** Resolves when no call is under way and the answers are on their way to the client, or after `patienceMs`. */
  async settled(patienceMs: number): Promise<void> {
    if (this.#underWay > 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, patienceMs)
        this.#quiet = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    // The SDK sends a result some promises after the call that gave it has ended.
    await nextTurn()
  }
}

function explained(tool: string, thrown: unknown): string {
  if (thrown instanceof TallyError) {
    log(`${tool}: ${thrown.problem}`)
    return thrown.message
  }
  if (thrown instanceof NotWrittenDown) {
    log(`${tool}: could not be written down (${thrown.code})`)
    return thrown.message
  }
  // A mistake in this program. Its text is not known to be safe, its kind is.
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  log(`${tool}: failed with ${kind}`)
  return `The server failed (${kind}). This is a mistake in the server; its log names the tool.`
}
