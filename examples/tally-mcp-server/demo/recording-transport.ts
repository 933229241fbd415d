import { ChildProcess } from "node:child_process"
import { StdioClientTransport, type StdioServerParameters } from "@modelcontextprotocol/sdk/client/stdio.js"

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The SDK's own transport to a server in a child process, which also keeps every byte that the server writes. */
export class RecordingTransport extends StdioClientTransport {
  readonly #stdout: Buffer[] = []
  readonly #stderr: Buffer[] = []
  #child: ChildProcess | undefined
  #ended: Promise<Ended> | undefined

  constructor(server: StdioServerParameters) {
    super({ ...server, stderr: "pipe" })
    this.stderr?.on("data", (chunk: Buffer) => this.#stderr.push(chunk))
  }

  override async start(): Promise<void> {
    await super.start()
    // The SDK shows messages, not bytes; that stdout holds nothing but messages can only be seen on the pipe itself.
    const child: unknown = Reflect.get(this, "_process")
    if (!(child instanceof ChildProcess))
      throw new Error("this version of the MCP SDK keeps its process elsewhere")
    this.#child = child
    child.stdout?.on("data", (chunk: Buffer) => this.#stdout.push(chunk))
    this.#ended = new Promise(resolve => child.once("close", (code, signal) => resolve({ code, signal })))
  }

  /** Everything that the server has written to stdout. */
  get stdoutText(): string {
    return Buffer.concat(this.#stdout).toString()
  }

  /** Everything that the server has written to stderr. */
  get stderrText(): string {
    return Buffer.concat(this.#stderr).toString()
  }

  /** Resolves when the server has ended and all of its output is here. */
  async ended(): Promise<Ended> {
    if (this.#ended === undefined) throw new Error("the server was never started")
    return await this.#ended
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Writes something to the server's stdin that is no message. */
  writeRaw(text: string): void {
    this.#child?.stdin?.write(text)
  }

  /** Closes the reading end of the server's stderr. */
  closeLog(): void {
    this.#child?.stderr?.destroy()
  }

  /** Closes the server's stdin, as a client does that goes away. */
  endInput(): void {
    this.#child?.stdin?.end()
  }
}
