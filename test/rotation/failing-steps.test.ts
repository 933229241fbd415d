import { describe, expect, it } from "vitest"
import type { RotationPlan } from "../../src/rotation/index.ts"
import type { Operation } from "../../src/testing/call-log.ts"
import { never } from "../support/rig.ts"
import { type FarCall, type FarSide, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { type Scene, scene } from "./support/scene.ts"

const PLANS: Readonly<Record<string, (far: FarSide) => RotationPlan>> = {
  "a value that is made here": far => generatedPlan(far),
  "a value that the far side makes": far => mintedPlan(far),
  "a value that the far side makes and lists without labels": far =>
    mintedPlan(far, { labels: false, exclusive: true }),
}

/** One call of a rotation, counted among those of its kind from one. */
interface At {
  readonly call: Operation | FarCall
  readonly nth: number
}

/** What happens to a call. */
type Fault = "fails" | "is done and its answer is lost" | "never ends" | "is done and never answers"

const FAULTS: readonly Fault[] = [
  "fails",
  "is done and its answer is lost",
  "never ends",
  "is done and never answers",
]

/** Goes on until the rotation has come to its end: whoever reads the secret gets what the far side accepts, all the time. */
async function seeThrough(s: Scene): Promise<string[]> {
  const happened: string[] = []
  for (let round = 0; round < 25; round++) {
    const outcome = await s.tick()
    happened.push(outcome.happened)
    expect(s.far.accepts(String(await s.value()))).toBe(true)
    // Where the answer to the last write is lost, nobody is told that it was the end.
    const { state, promotedVersion } = (await s.journal()) ?? {}
    if (state === "idle" && promotedVersion !== undefined) return happened
    await s.clock.advance("12m")
  }
  throw new Error(`the rotation came to no end: ${happened.join(", ")}`)
}

/** The calls of a rotation on a good day. */
async function callsOf(plan: (far: FarSide) => RotationPlan): Promise<At[]> {
  const ends: (() => Promise<void>)[] = []
  const s = await scene({ plan, atEnd: work => void ends.push(work) })
  const log: At["call"][] = []
  s.far.before = call => void log.push(call)
  await seeThrough(s)
  for (const end of ends) await end()
  const counts = new Map<At["call"], number>()
  return [...Array.from(s.store.calls, ({ operation }) => operation), ...log].map(call => {
    const nth = (counts.get(call) ?? 0) + 1
    counts.set(call, nth)
    return { call, nth }
  })
}

function isOfStore(call: At["call"]): call is Operation {
  return call === "read" || call.includes(".")
}

/** Calls that change nothing: it is no matter to them whether their answers are lost. */
const READS: readonly At["call"][] = ["read", "rotation.load", "rotation.kept", "rotation.check"]

/** Each call fails once; of what hangs, the first and the last of each kind. */
function isWorthwhile({ call, nth }: At, fault: Fault, calls: readonly At[]): boolean {
  if (fault.startsWith("is done") && READS.includes(call)) return false
  const last = calls.findLast(each => each.call === call)?.nth
  return fault === "fails" || fault.endsWith("is lost") || nth === 1 || nth === last
}

/** Plants one fault. */
function plant({ store, far, canary }: Scene, { call, nth }: At, fault: Fault): void {
  const when = fault.startsWith("is done") ? "after" : "before"
  const hangs = fault.startsWith("never") || fault.endsWith("never answers")
  if (isOfStore(call)) {
    const options = { when, times: 1, pattern: `${"-".repeat(nth - 1)}x${"-".repeat(1_000)}` } as const
    if (hangs) store.faults.hang(call, { ...options, deaf: true })
    else store.faults.fail(call, "UNAVAILABLE", options)
    return
  }
  let seen = 0
  far[when] = async each => {
    if (each !== call) return
    seen += 1
    if (seen !== nth) return
    if (hangs) await never()
    throw Object.assign(new Error(`${canary.text} was refused`), { code: "ECONNRESET", token: canary.text })
  }
}

describe.each(Object.entries(PLANS))("A rotation of %s", async (_, plan) => {
  const calls = await callsOf(plan)

  it("consists of the calls that are looked at below", () => {
    const kinds = new Set(calls.map(({ call }) => call))
    for (const call of [
      "read",
      "rotation.load",
      "rotation.save",
      "rotation.park",
      "rotation.promote",
    ] as const) {
      expect(kinds).toContain(call)
    }
    expect(calls.length).toBeGreaterThan(25)
  })

  describe.each(FAULTS)("when a call %s", fault => {
    it.each(
      calls.filter(at => isWorthwhile(at, fault, calls)),
    )("($call, $nth) comes to its end all the same, and loses nothing", async at => {
      const s = await scene({ plan })
      const before = await s.value()
      plant(s, at, fault)
      await seeThrough(s)
      expect(await s.value()).not.toBe(before)
      expect(s.far.ids).toHaveLength(1)
      expect(await s.journal()).toMatchObject({ state: "idle", leaseUntil: 0 })
      const failures = s.events.filter(({ type }) => type === "failed")
      expect(failures.length).toBeLessThanOrEqual(1)
      await s.store.faults.heal()
    })
  })
})
