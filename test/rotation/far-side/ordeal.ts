import { expect, vi } from "vitest"
import type { RotationJournal } from "../../../src/core/index.ts"
import type { RotationOutcome, RotationPlan, Rotator } from "../../../src/rotation/index.ts"
import type { FakeClock } from "../../../src/testing/index.ts"

/** A rotation on bad days, and those who have to do with it. */
export interface Ordeal {
  readonly clock: FakeClock
  readonly rotator: Rotator
  /** Reads the secret as it is now and uses it, as a consumer does that comes by no proxy. Throws if it is refused. */
  consume(): Promise<void>
  /** The journal as it is now, past all faults. */
  journal(): Promise<RotationJournal | undefined>
  /** How much is under way that comes to an end without any clock. */
  underWay(): number
  /** Does what the rotation asks a person for. */
  person?(outcome: RotationOutcome): Promise<void>
}

/** A plan, and how many of its functions are under way. */
export function counted<Plan extends RotationPlan>(plan: Plan): { readonly plan: Plan; running(): number } {
  let running = 0
  const counting =
    (work: (...given: unknown[]) => unknown) =>
    async (...given: unknown[]): Promise<unknown> => {
      running += 1
      try {
        return await work.apply(plan, given)
      } finally {
        running -= 1
      }
    }
  const entries = Object.entries(plan).map(([key, part]) => [
    key,
    typeof part === "function" && key !== "publish" ? counting(part) : part,
  ])
  return { plan: Object.fromEntries(entries) as Plan, running: () => running }
}

/** More than a rotation needs with one failure: it waits for a pause, for a lease and for its grace. */
const MOST_LOOKS = 25
/** More than a look takes: each step is a use of the secret, or a second of the clock. */
const MOST_STEPS = 5_000
/** So much time passes between two looks: more than a lease with its margin, and than the pause after a failure. */
const BETWEEN = "12m"

/**
 * Looks again and again, with leaps of time between, until the rotation has come to its end. All the time, between any
 * two calls of it, a consumer uses the secret.
 *
 * @returns what each look came to.
 */
export async function seeThrough(ordeal: Ordeal): Promise<readonly RotationOutcome[]> {
  const { clock } = ordeal
  const now = performance.now.bind(performance)
  // Backends tell by the clock of the machine for how long something has not been answered.
  const machine = vi.spyOn(performance, "now").mockImplementation(() => now() + clock.monotonic())
  try {
    return await untilTheEnd(ordeal)
  } finally {
    machine.mockRestore()
  }
}

async function untilTheEnd(ordeal: Ordeal): Promise<readonly RotationOutcome[]> {
  const outcomes: RotationOutcome[] = []
  while (outcomes.length < MOST_LOOKS) {
    const outcome = await look(ordeal)
    outcomes.push(outcome)
    // Where the answer to the last write is lost, nobody is told that it was the end.
    const { state, promotedVersion } = (await ordeal.journal()) ?? {}
    if (state === "idle" && promotedVersion !== undefined) return outcomes
    await ordeal.person?.(outcome)
    await ordeal.clock.advance(BETWEEN)
    await ordeal.consume()
  }
  const seen = outcomes.map(({ happened, problem }) => `${happened} ${problem?.message ?? ""}`)
  throw new Error(`the rotation came to no end:\n  ${seen.join("\n  ")}`)
}

/** One look, during which a consumer uses the secret, and time goes on where nothing else does. */
async function look({ clock, rotator, consume, underWay }: Ordeal): Promise<RotationOutcome> {
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  const looking = rotator.tick()
  looking.then(end, end)
  for (let steps = 0; !isOver; steps += 1) {
    if (steps === MOST_STEPS) throw new Error("a look comes to no end")
    await clock.settle()
    await consume()
    if (isOver) break
    // A call that is under way is given real time, which the consumer needs as well.
    if (underWay() === 0) await clock.advance("1s")
  }
  const [outcome] = (await looking).outcomes
  expect(outcome).toBeDefined()
  return outcome as RotationOutcome
}
