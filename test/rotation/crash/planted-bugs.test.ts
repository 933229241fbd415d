import { beforeEach, describe, expect, it, vi } from "vitest"
import type { Terms } from "../../../src/rotation/protocol/terms.ts"
import { takeTurn } from "../../../src/rotation/protocol/turn.ts"
import { newCanary } from "../../support/canary.ts"
import { PLANTED_BUGS } from "../model/planted.ts"
import { memoryBench } from "./benches/memory.ts"
import { crash, edit, goodDay, meeting, stop, type Verdict } from "./cell.ts"
import type { PlanName } from "./plans.ts"
import { type Plant, parksOverOthers, promotesUnconditionally, savesByClock } from "./plants.ts"
import type { SceneParts } from "./scene.ts"

type TakeTurn = typeof takeTurn

const planted = vi.hoisted(() => ({ turn: undefined as TakeTurn | undefined }))

/** On the terms that a planted turn hands on: the turn behind it is the real one. */
const INNER = Symbol("inner")

vi.mock(import("../../../src/rotation/protocol/turn.ts"), async original => {
  const { takeTurn } = await original()
  return {
    takeTurn: (terms, mind, wish) =>
      planted.turn === undefined || INNER in terms
        ? takeTurn(terms, mind, wish)
        : planted.turn({ ...terms, [INNER]: true } as Terms, mind, wish),
  }
})

/** How a fault is looked for: in all cells of one kind, on one plan. */
type Search = (parts: SceneParts, requests: readonly string[]) => (() => Promise<Verdict>)[]

/** Requests that change something: to be stopped before any other comes to the same as before the next of these. */
function changing(requests: readonly string[]): number[] {
  const isChange = (name: string): boolean =>
    /: (?:journal|park|promote|discard|mint|apply|revoke)/.test(name)
  return [...requests.keys()].filter(at => isChange(requests[at] ?? ""))
}

const crashes: Search = (parts, requests) =>
  [...requests.keys()].flatMap(at =>
    (["before", "after"] as const).map(side => async () => await crash(parts, { at, side })),
  )

const stops: Search = (parts, requests) => changing(requests).map(at => async () => await stop(parts, at))

const edits: Search = (parts, requests) =>
  [...requests.keys()]
    .filter(at => !requests[at]?.startsWith("idle:"))
    .map(at => async () => await edit(parts, at))

const meetings: Search = (parts, requests) =>
  changing(requests).flatMap(first =>
    changing(requests).map(second => async () => await meeting(parts, { first, second })),
  )

interface Case {
  readonly bug: string
  /** The promise that it breaks; a fault that only upsets the test is not found. */
  readonly breaks: RegExp
  readonly plan: PlanName
  readonly search: Search
  readonly turn?: TakeTurn
  readonly plant?: Plant
}

const turnOf = (bug: string): TakeTurn => {
  const turn = PLANTED_BUGS.find(one => one.bug === bug)?.variation.turn
  if (turn === undefined) throw new TypeError(`no turn has the fault: ${bug}`)
  return turn
}

const withoutGrace: TakeTurn = (terms, mind, wish) => takeTurn({ ...terms, grace: 0 }, mind, wish)

const CASES: readonly Case[] = [
  {
    bug: "minting before the claim",
    breaks: /^the far side still accepts 1 others$/,
    plan: "unlabelled",
    search: crashes,
    turn: turnOf("minting before the claim"),
  },
  {
    bug: "an unconditional promotion",
    breaks: /^what a person wrote was written over$/,
    plan: "generated",
    search: edits,
    plant: promotesUnconditionally,
  },
  {
    bug: "a retirement without grace",
    breaks: /^the old credential was ended within its grace$/,
    plan: "generated",
    search: crashes,
    turn: withoutGrace,
  },
  {
    bug: "no fence after a pause",
    breaks: /^the far side still accepts 1 others$/,
    plan: "unlabelled",
    search: stops,
    turn: turnOf("no fence after a pause"),
  },
  {
    bug: "parking that overwrites",
    breaks: /^consumers read a credential that the far side refuses$/,
    plan: "generated",
    search: meetings,
    plant: parksOverOthers,
  },
  {
    bug: "a journal that is guarded by the wall clock only",
    breaks: /^blocked: changed-by-hand$/,
    plan: "minted",
    search: stops,
    plant: savesByClock,
  },
]

/** What goes wrong in any cell of a search, each thing once. */
async function found({ plan, search, turn, plant }: Case): Promise<readonly string[]> {
  const parts: SceneParts = { bench: memoryBench(), plan, prefix: newCanary().text }
  planted.turn = turn
  // Of a rotation with the fault, which sends other requests, so that it is interrupted where it was to be.
  const { requests } = await goodDay({ ...parts, ...(plant && { plant }) })
  const wrong = new Set<string>()
  for (const cell of search({ ...parts, plant }, requests))
    for (const each of (await cell()).wrong) wrong.add(each)
  return [...wrong]
}

beforeEach(() => {
  planted.turn = undefined
})

describe("the matrix", () => {
  it.each(CASES)("turns red for $bug", { timeout: 60_000 }, async one => {
    const { turn: _, plant: __, ...sound } = one
    expect(await found(sound)).toEqual([])
    expect(await found(one)).toContainEqual(expect.stringMatching(one.breaks))
  })
})
