import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { RotationJournal } from "../../../src/core/index.ts"
import { newFolder } from "../crash/benches/folder.ts"
import { Credentials } from "../crash/far-side/far-side.ts"
import type { PlanName } from "../crash/plans.ts"
import { LeapingClock, newTime } from "./clock.ts"
import { serveFarSide } from "./far-side.ts"
import { Gate } from "./gate.ts"
import type { FaultName, Looked, Start, Stop, Told } from "./messages.ts"
import { Runner } from "./runner.ts"
import type { Arena } from "./stores/arena.ts"
import { type Opened, open } from "./stores/open.ts"
import { Witness } from "./witness.ts"

const calm = { signal: new AbortController().signal }

/** How many replicas there are. */
export const REPLICAS = 8

/** How a race is set up. */
export interface TrackParts {
  readonly arena: Arena
  readonly plan: PlanName
  /** What every value begins with: a canary. */
  readonly prefix: string
  /** A fault that is planted in every replica. */
  readonly fault?: FaultName | undefined
}

/** What one replica came to: it stopped on its way, or has looked to the end. */
export type Outcome =
  | { readonly runner: Runner; readonly stoppedAt: string; readonly looked?: never }
  | { readonly runner: Runner; readonly looked: Looked; readonly stoppedAt?: never }

/** What is around the replicas. */
interface Scenery {
  /** What each of them begins with. */
  readonly start: Start
  leap(milliseconds: number): void
  readonly credentials: Credentials
  readonly opened: Opened
  readonly witness: Witness
  /** Whatever has to be ended. */
  readonly ends: AsyncDisposableStack
}

/**
 * Eight replicas in processes of their own, the secret that they rotate, its far side, a clock that leaps for all of them,
 * and a consumer.
 */
export class Track implements AsyncDisposable {
  readonly parts: TrackParts
  readonly #scenery: Scenery
  #runners: readonly Runner[] = []
  #told: Told[] = []

  private constructor(parts: TrackParts, scenery: Scenery) {
    this.parts = parts
    this.#scenery = scenery
  }

  /** Gives the secret a first value that the far side accepts, and starts the replicas. */
  static async set(parts: TrackParts): Promise<Track> {
    const ends = new AsyncDisposableStack()
    try {
      const track = new Track(parts, await scenery(parts, ends))
      await track.#startAll()
      return track
    } catch (thrown) {
      await ends.disposeAsync()
      throw thrown
    }
  }

  get runners(): readonly Runner[] {
    return this.#runners
  }

  get credentials(): Credentials {
    return this.#scenery.credentials
  }

  get witness(): Witness {
    return this.#scenery.witness
  }

  /** What the replicas have told since {@link forget}. */
  get told(): readonly Told[] {
    return this.#told
  }

  async forget(): Promise<void> {
    await this.witness.forget()
    this.#told = []
  }

  /** Lets all of these look at the same moment, until each has looked or stands still at its stop. */
  async look(runners: readonly Runner[], stop?: Stop): Promise<readonly Outcome[]> {
    return await Promise.all(
      runners.map(async (runner): Promise<Outcome> => ({ runner, ...(await runner.look(stop)) })),
    )
  }

  /** Time leaps for all at once, while no consumer is reading. */
  async leap(milliseconds: number): Promise<void> {
    await this.witness.between(() => this.#scenery.leap(milliseconds))
    for (const runner of this.#runners) runner.hearTheClock()
  }

  /** The journal as it is now. */
  async journal(): Promise<RotationJournal | undefined> {
    const { store, journals = store.rotation?.().journals } = this.#scenery.opened
    return (await journals?.load(this.parts.arena.name, calm))?.journal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scenery.ends.disposeAsync()
  }

  async #startAll(): Promise<void> {
    const { ends, start } = this.#scenery
    const starting = Array.from(
      { length: REPLICAS },
      async () => await Runner.start(start, told => this.#hear(told)),
    )
    const started = await Promise.allSettled(starting)
    this.#runners = started.flatMap(one => (one.status === "fulfilled" ? one.value : []))
    ends.defer(async () => void (await Promise.all(this.#runners.map(async runner => await runner.end()))))
    await Promise.all(starting)
  }

  #hear(told: Told): void {
    this.#told.push(told)
    if (told.told === "saved" || told.told === "promoted") this.witness.look()
  }
}

async function scenery(
  { arena, plan, prefix, fault }: TrackParts,
  ends: AsyncDisposableStack,
): Promise<Scenery> {
  const folder = await newFolder()
  ends.defer(async () => await rm(folder, { recursive: true }))
  const time = join(folder, "time")
  const { leap, close } = newTime(time)
  ends.defer(close)
  const clock = new LeapingClock(time)
  ends.defer(() => clock.close())
  const now = (): number => clock.wall()
  const credentials = new Credentials(prefix, now)
  await arena.put(credentials.mint(undefined).value)
  const far = await serveFarSide(credentials)
  ends.defer(async () => await far.close())
  const opened = await open(arena.address, { life: new Gate(), now })
  ends.defer(async () => await opened.close())
  const witness = new Witness(opened.store, arena.name, credentials, now)
  ends.defer(async () => await witness.close())
  const start = { address: arena.address, name: arena.name, far: far.url, plan, prefix, time }
  return {
    start: fault === undefined ? start : { ...start, fault },
    leap,
    credentials,
    opened,
    witness,
    ends,
  }
}
