import { type RotationOutcome, Rotator } from "../../../src/rotation/index.ts"
import type { FarSide } from "../crash/far-side/far-side.ts"
import { PLANS, USUAL } from "../crash/plans.ts"
import type { LeapingClock } from "./clock.ts"
import { faultOf } from "./faults/index.ts"
import type { Gate } from "./gate.ts"
import type { Looked, Start, Stop, Told } from "./messages.ts"
import type { Opened } from "./stores/open.ts"
import { type Watcher, watchedFarSide, watchedJournals, watchedStore } from "./watched.ts"

/** What a replica is made of. */
export interface ReplicaParts {
  readonly start: Start
  readonly opened: Opened
  readonly gate: Gate
  readonly clock: LeapingClock
  readonly far: FarSide
  readonly tell: (told: Told) => void
}

/** One of several programs that rotate the same secret. */
export class Replica implements Watcher {
  readonly #gate: Gate
  readonly #tell: (told: Told) => void
  readonly #rotator: Rotator
  #begunLate: string[] = []

  constructor({ start, opened, gate, clock, far, tell }: ReplicaParts) {
    this.#gate = gate
    this.#tell = tell
    const own: FarSide = watchedFarSide(throughGate(far, gate), this)
    const plan = PLANS[start.plan]({
      far: own,
      pace: USUAL,
      newValue: () => `${start.prefix}-${crypto.randomUUID()}`,
    })
    const { journals } = opened
    const { store } = faultOf(start.fault)({ store: opened.store, clock })
    this.#rotator = new Rotator({
      store: watchedStore(store, this),
      rotations: { [start.name]: { plan, schedule: { interval: "24h" } } },
      clock,
      ...(journals === undefined ? {} : { journals: watchedJournals(journals, this) }),
    })
  }

  /** Looks once what is to be done, and does it. */
  async look(stop: Stop | undefined): Promise<Looked> {
    this.#gate.begin(stop)
    this.#begunLate = []
    const { outcomes } = await this.#rotator.tick()
    // What took too long for the Rotator may still be carried out.
    while (this.#gate.underWay > 0) await this.#gate.nextEnd
    const [outcome] = outcomes
    const { moments } = this.#gate
    const begunLate = this.#begunLate
    if (outcome === undefined)
      return { happened: undefined, state: undefined, moved: false, moments, begunLate }
    const { happened, state, moved } = outcome
    return { happened, state, moved, ...problemOf(outcome), moments, begunLate }
  }

  async close(): Promise<void> {
    await this.#rotator.close()
  }

  async call<T>(name: string, isChange: boolean, ask: () => Promise<T>): Promise<T> {
    const isLate = this.#gate.wentOn
    return await this.#gate.call(name, async () => {
      const answer = await ask()
      if (isChange && isLate) this.#begunLate.push(name)
      return answer
    })
  }

  saved({ state, seq }: Parameters<Watcher["saved"]>[0]): void {
    this.#tell({ told: "saved", state, seq })
  }

  promoted(id: string): void {
    this.#tell({ told: "promoted", id })
  }

  async took(lead: Parameters<Watcher["took"]>[0]): Promise<void> {
    this.#tell({ told: "lead", lead })
    await this.#gate.take(lead)
  }
}

function problemOf({ problem }: RotationOutcome): Pick<Looked, "problem"> {
  if (problem === undefined) return {}
  const { message, error } = problem
  return { problem: { message, ...(error === undefined ? {} : { code: error.code }) } }
}

/** Each call of the far side is one request. */
function throughGate(far: FarSide, gate: Gate): FarSide {
  return {
    mint: label => gate.request(() => far.mint(label)),
    list: () => gate.request(() => far.list()),
    apply: value => gate.request(() => far.apply(value)),
    accepts: credential => gate.request(() => far.accepts(credential)),
    revoke: credential => gate.request(() => far.revoke(credential)),
    identify: value => gate.request(() => far.identify(value)),
  }
}
