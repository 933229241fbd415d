import { type ChildProcess, execFile, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { eventually } from "../../support/eventually.ts"
import type { Looked, Order, Start, Stop, Told } from "./messages.ts"

const PROGRAM = fileURLToPath(new URL("replica-program.ts", import.meta.url))
const WITHOUT_FENCE = new URL("faults/no-fence.ts", import.meta.url).href

/** How long anything that a replica is waited for may take, in milliseconds. */
const PATIENCE = 60_000

/** What came of a look: it stopped on the way, or it came to its end. */
export type Look = { readonly stoppedAt: string } | { readonly looked: Looked }

/** A replica, as whoever has started it has it. */
export class Runner {
  readonly #process: ChildProcess
  readonly #told: (told: Told) => void
  readonly #gone: Promise<never>
  #looking: Promise<Looked> | undefined
  readonly #waiting = new Map<Told["told"], (told: Told) => void>()
  #heard: string[] = []

  private constructor(child: ChildProcess, told: (told: Told) => void) {
    this.#process = child
    this.#told = told
    this.#gone = once(child, "exit").then(([code, signal]) => {
      throw new Error(`a replica ended (${code ?? signal})\n${this.#heard.slice(-5).join("\n")}`)
    })
    // Whoever waits for nothing from it does not mind.
    this.#gone.catch(() => undefined)
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding("utf8").on("data", text => this.#heard.push(text))
    child.on("message", (message: Told) => this.#hear(message))
  }

  /** Starts one, which is ready when this resolves. @param told hears all that it tells. */
  static async start(start: Start, told: (told: Told) => void): Promise<Runner> {
    const fault = start.fault === "no fence after a pause" ? [`--import=${WITHOUT_FENCE}`] : []
    const child = fork(PROGRAM, [JSON.stringify(start)], {
      execArgv: ["--conditions=latchkey-source", ...fault],
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    })
    const runner = new Runner(child, told)
    try {
      await inTime("to start", runner.#when("ready"))
    } catch (thrown) {
      await runner.kill()
      throw thrown
    }
    return runner
  }

  /** Lets it look, until it has looked or has come to its stop, where it then waits. */
  async look(stop?: Stop): Promise<Look> {
    const stopping = this.#when("stopping")
    this.#looking = this.#when("looked")
    this.#say({ do: "look", ...(stop === undefined ? {} : { stop }) })
    return await inTime(
      "to look",
      Promise.race([
        stopping.then(({ at }) => ({ stoppedAt: at })),
        this.#looking.then(looked => ({ looked })),
      ]),
    )
  }

  /** Stops the process, as the system does it: it stands still when this resolves. */
  async halt(): Promise<void> {
    this.#process.kill("SIGSTOP")
    await eventually(async () => {
      const { stdout } = await promisify(execFile)("ps", ["-o", "state=", "-p", String(this.#process.pid)])
      if (!stdout.trim().startsWith("T")) throw new Error("the replica does not stand still")
    })
  }

  /** Lets it go on from where it stopped or stands still, until it has looked. */
  async goOn(): Promise<Looked> {
    if (this.#looking === undefined) throw new TypeError("the replica was not looking")
    this.#say({ do: "go on" })
    this.#process.kill("SIGCONT")
    return await inTime("to go on", this.#looking)
  }

  /** All that it told and printed since this was asked last: no secret is to be in it. */
  takeHeard(): readonly string[] {
    const heard = this.#heard
    this.#heard = []
    return heard
  }

  hearTheClock(): void {
    this.#say({ do: "hear the clock" })
  }

  /** Lets it end by itself, and ends it where it does not. */
  async end(): Promise<void> {
    try {
      await this.#leave()
    } finally {
      await this.kill()
    }
  }

  async #leave(): Promise<void> {
    if (this.#isGone) return
    const exited = once(this.#process, "exit")
    this.#process.kill("SIGCONT")
    this.#say({ do: "go on" })
    this.#say({ do: "close" })
    await inTime("to end", exited)
  }

  /** Ends it, whatever it does. */
  async kill(): Promise<void> {
    if (this.#isGone) return
    const exited = once(this.#process, "exit")
    this.#process.kill("SIGKILL")
    await exited
  }

  get #isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  #say(order: Order): void {
    this.#process.send(order)
  }

  #hear(told: Told): void {
    this.#heard.push(JSON.stringify(told))
    this.#told(told)
    this.#waiting.get(told.told)?.(told)
  }

  async #when<What extends Told["told"]>(what: What): Promise<Extract<Told, { told: What }>> {
    const heard = new Promise<Told>(resolve => this.#waiting.set(what, resolve))
    return (await Promise.race([heard, this.#gone])) as Extract<Told, { told: What }>
  }
}

async function inTime<T>(what: string, waiting: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`a replica was waited for in vain for ${PATIENCE} ms: ${what}`)),
      PATIENCE,
    )
  })
  try {
    return await Promise.race([waiting, late])
  } finally {
    clearTimeout(timer)
  }
}
