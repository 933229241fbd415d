import { onTestFinished } from "vitest"
import { type MemoryStore, memory } from "../../../providers/memory/index.ts"
import type { RotationJournal } from "../../../src/core/index.ts"
import {
  type Rotation,
  type RotationEvent,
  type RotationOutcome,
  type RotationPlan,
  Rotator,
  type RotatorOptions,
} from "../../../src/rotation/index.ts"
import { type FakeClock, type Faulty, faulty } from "../../../src/testing/index.ts"
import { type Canary, newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { FarSide } from "./far-side.ts"

/** The secret that is rotated. */
export const NAME = "tally/api-token"

/** All that a test of the Rotator needs, on a clock that moves only when it is told to. */
export interface Scene {
  readonly canary: Canary
  readonly clock: FakeClock
  readonly store: MemoryStore & Faulty
  readonly far: FarSide
  readonly rotator: Rotator
  /** What the first Rotator told, oldest first. */
  readonly events: RotationEvent[]
  /** Another replica of the same store, by the same clock. */
  replica(more?: Partial<RotatorOptions>): Rotator
  /** What the secret holds now, past all faults. */
  value(): Promise<string | undefined>
  journal(): Promise<RotationJournal | undefined>
  /** What one call came to, while time goes on. */
  done<T>(call: Promise<T>): Promise<T>
  tick(rotator?: Rotator): Promise<RotationOutcome>
}

/** How a scene is set. */
export interface SceneOptions extends Partial<Omit<RotatorOptions, "rotations">> {
  readonly plan: (far: FarSide, canary: Canary) => RotationPlan
  readonly rotation?: Partial<Rotation>
  /** Whether the secret is there before, and known to the far side. Default: yes. */
  readonly empty?: boolean
  /** Where what has to be done at the end is put. Default: it is done when the test ends. */
  readonly atEnd?: (work: () => Promise<void>) => void
}

/** Sets a scene: one secret whose value the far side accepts, rotated every 24 hours. */
export async function scene({
  plan,
  rotation,
  empty = false,
  atEnd = onTestFinished,
  ...more
}: SceneOptions): Promise<Scene> {
  const canary = newCanary()
  const clock = checkedFakeClock()
  const far = new FarSide(canary.text)
  const first = far.newValue()
  const inner = memory(empty ? {} : { [NAME]: first }, { clock })
  const store = faulty(inner, { clock })
  if (!empty) far.add(first)
  const events: RotationEvent[] = []
  const rotations = {
    [NAME]: { plan: plan(far, canary), schedule: { interval: "24h" }, ...rotation } as Rotation,
  }
  const replica = (other: Partial<RotatorOptions> = {}): Rotator => {
    const of = other.secrets === undefined && more.secrets === undefined ? { store } : {}
    const rotator = new Rotator({ ...of, rotations, clock, random: () => 0.5, ...more, ...other })
    canary.watch(rotator)
    atEnd(async () => {
      await done(rotator.close())
      canary.watch(rotator.health())
    })
    return rotator
  }
  const signal = new AbortController().signal
  const done = async <T>(call: Promise<T>): Promise<T> => await whileTimeGoesOn(clock, call)
  const rotator = replica()
  rotator.on(event => void events.push(event))
  canary.watch(events)
  return {
    canary,
    clock,
    store,
    far,
    rotator,
    events,
    replica,
    done,
    async value() {
      try {
        return String((await inner.read(NAME, { signal })).value)
      } catch {
        return undefined
      }
    },
    async journal() {
      return (await inner.rotation().journals?.load(NAME, { signal }))?.journal
    },
    async tick(which = rotator) {
      const { outcomes } = await done(which.tick())
      const [outcome] = outcomes
      if (outcome === undefined) throw new Error("nothing was looked at")
      return canary.watch(outcome)
    },
  }
}

/** Lets time go on, a quarter of a second after the other, until a call has ended. */
export async function whileTimeGoesOn<T>(clock: FakeClock, call: Promise<T>): Promise<T> {
  let ended = false
  const end = () => {
    ended = true
  }
  call.then(end, end)
  await clock.settle()
  while (!ended) await clock.advance("250ms")
  return await call
}
