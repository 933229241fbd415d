import { Life } from "../crash/life.ts"
import type { Lead, Stop } from "./messages.ts"

/**
 * What all requests of a replica pass through, so that it can be stopped at any of them: each has a moment before it is
 * sent, and one when it was answered and nobody has heard of that. Moments are counted from when a lead was taken.
 */
export class Gate extends Life {
  readonly #stopping: (at: string) => Promise<void>
  #stop: Stop | undefined
  #moments = new Map<Lead, string[]>()
  #wentOn = false

  /** @param stopping told where it has come to its stop; it goes on when that resolves. */
  constructor(stopping: (at: string) => Promise<void> = async () => undefined) {
    super()
    this.#stopping = stopping
  }

  /** What it went through since each lead that was taken in this look. */
  get moments(): Readonly<Partial<Record<Lead, readonly string[]>>> {
    return Object.fromEntries(this.#moments)
  }

  /** Whether it stopped in this look, and went on. */
  get wentOn(): boolean {
    return this.#wentOn
  }

  /** A look begins. @param stop where it is to stop, if it comes there. */
  begin(stop: Stop | undefined): void {
    this.#stop = stop
    this.#moments = new Map()
    this.#wentOn = false
  }

  /** A lead was taken: from now on moments are counted. The first one of a look counts, and not what comes after it. */
  async take(lead: Lead): Promise<void> {
    if (this.#moments.has(lead)) return
    this.#moments.set(lead, [])
    await this.#pass("acknowledged", [lead])
  }

  override async request<T>(send: () => Promise<T>): Promise<T> {
    await this.#pass("before")
    try {
      return await send()
    } finally {
      await this.#pass("after")
    }
  }

  async #pass(side: string, leads: readonly Lead[] = [...this.#moments.keys()]): Promise<void> {
    const at = `${side} ${this.doing}`
    const stop = this.#stop
    for (const lead of leads) {
      const passed = this.#moments.get(lead)
      passed?.push(at)
      if (stop === undefined || stop.after !== lead || passed?.length !== stop.moment + 1) continue
      this.#stop = undefined
      await this.#stopping(at)
      this.#wentOn = true
    }
  }
}
