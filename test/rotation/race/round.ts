import type { Lead, Looked, Stop } from "./messages.ts"
import type { Runner } from "./runner.ts"
import type { Outcome, Track } from "./track.ts"

/** When a replica that was stopped past its lease goes on. */
export const COMEBACKS = [
  "while another one is at it",
  "before another one goes on",
  "when the others wait or are done",
  "when all is over",
] as const

export type Comeback = (typeof COMEBACKS)[number]

/** What is to happen in a round. */
export interface RoundParts {
  /** Where whoever takes the lead is stopped. Absent: nobody is. */
  readonly stop?: Stop
  readonly comeback?: Comeback
  /** After how many of the moments of the one who has taken over the first one goes on. */
  readonly later?: number
}

/** What happened in a round. */
export interface Course {
  /** Where a replica was stopped; absent if none was. */
  readonly stoppedAt: string | undefined
  readonly takenOver: boolean
  /** What whoever was overtaken began when it went on, and must not. */
  readonly begunLate: readonly string[]
  /** The moments after each lead, in the order in which the leads were taken. */
  readonly moments: Readonly<Partial<Record<Lead, readonly string[]>>>
  /** What replicas told that cannot be: that a person is needed, or that an attempt was given up. */
  readonly untrue: readonly string[]
  /** What steps failed with, of which all recovered. */
  readonly failures: readonly string[]
}

/** Until a rotation is due again, with the plans' schedule of 24 hours. */
const DAY = 24 * 3_600_000
/** Past every lease of two minutes, and the half minute after it. */
const PAST_LEASE = 160_000
/** Past the grace of the plans, 65 minutes and 35 seconds, and every pause after a failure. */
const PAST_GRACE = 70 * 60_000

/** After so many looks of all a rotation should have come to its end, whatever befell it: long before the next one is due. */
const MOST_LOOKS = 12

/** One rotation by eight replicas, whose leader is stopped past its lease and goes on. */
export class Round {
  readonly #track: Track
  readonly #parts: RoundParts
  readonly #moments: Partial<Record<Lead, readonly string[]>> = {}
  readonly #untrue = new Set<string>()
  readonly #failures: string[] = []
  #stopped: { readonly runner: Runner; readonly at: string } | undefined
  #late: readonly string[] = []

  constructor(track: Track, parts: RoundParts) {
    this.#track = track
    this.#parts = parts
  }

  async run(): Promise<Course> {
    const track = this.#track
    const { stop } = this.#parts
    await track.leap(DAY)
    await track.forget()
    await this.#lookAt(track.runners, stop)
    if (stop?.after === "retiring") {
      await track.leap(PAST_GRACE)
      await this.#lookAt(track.runners, stop)
    }
    if (this.#stopped !== undefined) await this.#withOneStopped(this.#stopped.runner)
    await this.#settle(track.runners)
    return {
      stoppedAt: this.#stopped?.at,
      takenOver: track.told.some(one => one.told === "lead" && one.lead === "taken over"),
      begunLate: this.#late,
      moments: this.#moments,
      untrue: [...this.#untrue],
      failures: this.#failures,
    }
  }

  /** All look at once; whoever comes to its stop is stopped there. */
  async #lookAt(runners: readonly Runner[], stop?: Stop): Promise<readonly Outcome[]> {
    const outcomes = await this.#track.look(runners, stop)
    for (const { runner, stoppedAt, looked } of outcomes) {
      if (looked !== undefined) this.#note(looked)
      else if (this.#stopped !== undefined) await this.#noteSecond(runner)
      else {
        await runner.halt()
        this.#stopped = { runner, at: stoppedAt }
      }
    }
    return outcomes
  }

  async #withOneStopped(stopped: Runner): Promise<void> {
    const track = this.#track
    const others = track.runners.filter(runner => runner !== stopped)
    await track.leap(PAST_LEASE)
    switch (this.#parts.comeback) {
      case "while another one is at it":
      case "before another one goes on":
        return await this.#meet(stopped, others)
      case "when all is over":
        await this.#settle(others)
        return await this.#comeBack(stopped)
      default:
        await this.#lookAt(others)
        return await this.#comeBack(stopped)
    }
  }

  /** The one that was stopped goes on while another one is in the middle of what it has taken over. */
  async #meet(stopped: Runner, others: readonly Runner[]): Promise<void> {
    const { later = 0, comeback } = this.#parts
    const outcomes = await this.#track.look(others, { after: "taken over", moment: later })
    let held: Runner | undefined
    for (const { runner, looked } of outcomes) {
      if (looked !== undefined) this.#note(looked)
      else if (held !== undefined) await this.#noteSecond(runner)
      else held = runner
    }
    const goOn = async (): Promise<void> => {
      if (held !== undefined) this.#note(await held.goOn())
    }
    if (comeback === "while another one is at it") {
      await Promise.all([this.#comeBack(stopped), goOn()])
    } else {
      await this.#comeBack(stopped)
      await goOn()
    }
  }

  /** Two have come to the same stop, and only one of them can have taken the lead. */
  async #noteSecond(runner: Runner): Promise<void> {
    this.#untrue.add("two replicas have taken the same lead")
    this.#note(await runner.goOn())
  }

  async #comeBack(stopped: Runner): Promise<void> {
    const wasOvertaken = this.#track.told.some(one => one.told === "lead" && one.lead === "taken over")
    const looked = await stopped.goOn()
    if (wasOvertaken) this.#late = looked.begunLate
    this.#note(looked)
  }

  /** Looks again and again, with leaps of time between, until there is nothing to be done. */
  async #settle(runners: readonly Runner[]): Promise<void> {
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      const outcomes = await this.#lookAt(runners)
      if (outcomes.every(({ looked }) => looked?.happened === "nothing" && looked.state === "idle")) return
      if (this.#untrue.size > 0) return
      await this.#track.leap(PAST_GRACE)
    }
    this.#untrue.add("it comes to no end")
  }

  #note({ happened, state, problem, moments }: Looked): void {
    for (const lead of Object.keys(moments) as Lead[]) this.#moments[lead] ??= moments[lead] ?? []
    // A call may fail, and is made again. Nothing else keeps a rotation up: nobody is needed, and nothing is taken back.
    if (problem?.code !== undefined && happened === "failed")
      this.#failures.push(`${state}, ${problem.code}: ${problem.message}`)
    else if (problem !== undefined || happened === undefined || happened === "taken-back")
      this.#untrue.add(`${happened}, ${state}: ${problem?.message}`)
  }
}
