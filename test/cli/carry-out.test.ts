import { describe, expect, it } from "vitest"
import { outcomesOf, untilItGoesOn } from "../../src/cli/rotate/carry-out.ts"
import type { Task } from "../../src/cli/rotate/wish.ts"
import type { Happened, RotationOutcome, Rotator } from "../../src/rotation/index.ts"

type State = NonNullable<RotationOutcome["state"]>

/** What a Rotator answers, one answer after the other, and what it was asked for. */
class Played {
  readonly asked: string[] = []
  readonly #answers: (readonly [Happened, State, string?])[]
  readonly #seen: { state: State | undefined; rotationId: string }

  constructor(
    answers: readonly (readonly [Happened, State, string?])[],
    seen: { state: State | undefined; rotationId: string },
  ) {
    this.#answers = [...answers]
    this.#seen = seen
  }

  async carry(task: Task, wait = true): Promise<readonly [Happened, State | undefined][]> {
    const answer = (what: string) => async (): Promise<RotationOutcome> => {
      this.asked.push(what)
      const [happened, state, rotationId = "r1"] = this.#answers.shift() ?? ["nothing", "idle"]
      const later = happened === "waiting" || happened === "held" ? { next: new Date() } : {}
      return { name: "a", happened, moved: false, state, rotationId, ...later }
    }
    const ticked = answer("tick")
    const rotator = {
      on: () => ({ [Symbol.dispose]: () => undefined }),
      rotate: answer("rotate"),
      resume: answer("resume"),
      rollback: answer("rollback"),
      abort: answer("abort"),
      tick: async ({ names }: { names?: readonly string[] }) => {
        expect(names).toEqual(["a"])
        return { outcomes: [await ticked()] }
      },
      status: async () => this.#seen,
    } as unknown as Rotator
    const waiting = (): void => void this.asked.push("waits")
    const means = { signal: new AbortController().signal, wait, waiting }
    const outcomes = await outcomesOf(rotator, task as Parameters<typeof outcomesOf>[1], means)
    return outcomes.map(({ happened, state }) => [happened, state])
  }
}

const rotate: Task = { do: "rotate", name: "a", compromised: false, impatient: false }
const promoted = { state: "promoted", rotationId: "r1" } as const

describe("waiting for the end of a rotation", () => {
  it("does not happen where nobody wants it", async () => {
    const played = new Played([["waiting", "promoted"]], promoted)
    expect(await played.carry(rotate, false)).toEqual([["waiting", "promoted"]])
    expect(played.asked).toEqual(["rotate"])
  })

  it("goes on by itself when its time comes, also when another process holds it for a moment", async () => {
    const played = new Played(
      [
        ["waiting", "published"],
        ["waiting", "promoted"],
        ["rotated", "idle"],
      ],
      promoted,
    )
    expect(await played.carry(rotate)).toEqual([["rotated", "idle"]])
    expect(played.asked).toEqual(["rotate", "waits", "tick", "waits", "tick"])
  })

  it("says once what it waits for, and looks twice a second at most, where the store's clock is behind", async () => {
    const played = new Played(
      [
        ["waiting", "promoted"],
        ["waiting", "promoted"],
        ["waiting", "promoted"],
        ["rotated", "idle"],
      ],
      promoted,
    )
    expect(await played.carry(rotate)).toEqual([["rotated", "idle"]])
    expect(played.asked).toEqual(["rotate", "waits", "tick", "tick", "tick"])
    const gone = {
      name: "a",
      happened: "waiting",
      state: "promoted",
      moved: false,
      next: new Date(0),
    } as const
    expect(untilItGoesOn(gone)).toBe(500)
  })

  it("asks again for what was held, with all that was wished", async () => {
    for (const task of [
      rotate,
      { do: "rollback", name: "a" },
      { do: "abort", name: "a" },
      { do: "resume", name: "a", force: false },
    ] as const) {
      const played = new Played(
        [
          ["held", "parked"],
          ["rotated", "idle"],
        ],
        { state: "parked", rotationId: "r1" },
      )
      expect(await played.carry(task)).toEqual([["rotated", "idle"]])
      expect(played.asked).toEqual([task.do, "waits", task.do])
    }
  })

  it("begins nothing when another process has come to the end of it, or has begun another one", async () => {
    for (const seen of [
      { state: "idle", rotationId: "r1" },
      { state: "claimed", rotationId: "r2" },
    ] as const)
      for (const first of ["waiting", "held"] as const) {
        const played = new Played(
          [
            [first, "promoted"],
            ["waiting", "promoted", "r2"],
          ],
          seen,
        )
        expect(await played.carry(rotate)).toEqual([["nothing", seen.state]])
        expect(played.asked).toEqual(["rotate", "waits"])
      }
  })

  it("rotates all the same what leaked, because the other one may have left that in use", async () => {
    const played = new Played(
      [
        ["held", "promoted"],
        ["rotated", "idle", "r2"],
      ],
      { state: "idle", rotationId: "r1" },
    )
    expect(await played.carry({ ...rotate, compromised: true })).toEqual([["rotated", "idle"]])
    expect(played.asked).toEqual(["rotate", "waits", "rotate"])
  })

  it("lifts no block that came meanwhile, and waits for none that another rotation brings", async () => {
    const blocked = new Played(
      [
        ["waiting", "promoted"],
        ["blocked", "blocked"],
      ],
      { state: "blocked", rotationId: "r1" },
    )
    expect(await blocked.carry(rotate)).toEqual([["blocked", "blocked"]])
    expect(blocked.asked).toEqual(["rotate", "waits", "tick"])
    const next = new Played(
      [
        ["waiting", "promoted"],
        ["waiting", "promoted", "r2"],
      ],
      promoted,
    )
    expect(await next.carry(rotate)).toEqual([["waiting", "promoted"]])
    expect(next.asked).toEqual(["rotate", "waits", "tick"])
  })

  it("is left to the next look where the journal cannot be read", async () => {
    const played = new Played(
      [
        ["waiting", "promoted"],
        ["failed", "promoted"],
      ],
      { state: undefined, rotationId: "" },
    )
    expect(await played.carry(rotate)).toEqual([["failed", "promoted"]])
  })
})
