import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { RotationOutcome } from "../../../../src/rotation/index.ts"
import type { FromProcess, Order, Task, ToProcess } from "./messages.ts"

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url))

/** Who hears what a process tells; while this is not done, the process waits. */
export interface Listener {
  calls(call: string): Promise<void>
  called(call: string, isChange: boolean, isWell: boolean): Promise<void>
  saw(message: Extract<FromProcess, { say: "saw" }>): void
}

/** A process of its own that rotates one secret. */
export class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  #listener: Listener | undefined
  /** Who waits for what comes next: that it is ready, or what it came to. */
  #waiting: { resolve(outcome: RotationOutcome | undefined): void; reject(error: Error): void } | undefined
  #stderr = ""

  private constructor() {
    this.#process = fork(PROGRAM, {
      execArgv: ["--conditions=latchkey-source"],
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    })
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text
    })
    this.#ended = once(this.#process, "close").then(() => {
      this.#waiting?.reject(new Error(`the process ended\n${this.#stderr}`))
    })
    this.#process.on("message", (message: FromProcess) => this.#hear(message))
  }

  /** Starts one that waits for its task. */
  static async start(): Promise<Child> {
    const child = new Child()
    await child.#next()
    return child
  }

  /** Gives it its task. @param listener hears what it tells from now on. */
  async begin(task: Task, listener: Listener): Promise<void> {
    this.#listener = listener
    const ready = this.#next()
    this.#say({ say: "begin", task })
    await ready
  }

  /** What an order comes to. */
  async does(order: Order): Promise<RotationOutcome> {
    const outcome = this.#next()
    this.#say({ say: "do", order })
    return (await outcome) as RotationOutcome
  }

  /** Kills it, and waits until it is no more. */
  async kill(): Promise<void> {
    this.#waiting = undefined
    this.#process.kill("SIGKILL")
    await this.#ended
  }

  #next(): Promise<RotationOutcome | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #say(message: ToProcess): void {
    // One that was killed hears nothing, and that is no failure.
    this.#process.send(message, () => undefined)
  }

  #hear(message: FromProcess): void {
    switch (message.say) {
      case "ready":
        return this.#waiting?.resolve(undefined)
      case "came to":
        return this.#waiting?.resolve(message.outcome)
      case "failed":
        return this.#waiting?.reject(new Error(message.message))
      case "saw":
        return this.#listener?.saw(message)
      case "calls":
        return this.#letGoOn(this.#listener?.calls(message.call))
      case "called":
        return this.#letGoOn(this.#listener?.called(message.call, message.isChange, message.isWell))
    }
  }

  #letGoOn(heard: Promise<void> | undefined): void {
    const answer = async (): Promise<void> => {
      await heard
      this.#say({ say: "go on" })
    }
    answer().catch((error: Error) => this.#waiting?.reject(error))
  }
}
