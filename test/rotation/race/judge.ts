import { idOf } from "../crash/far-side/far-side.ts"
import { type Course, Round, type RoundParts } from "./round.ts"
import type { Track } from "./track.ts"

/** The grace of the plans, in milliseconds: 1.1 × `ttl` + `maxStale` + `callTimeout`. */
const GRACE = (5.5 * 60 + 60 * 60 + 5) * 1_000

/** What came of a round, counted at the store and at the far side. */
export interface Verdict extends Course {
  /** What must not be and was, a line each; empty if all is well. */
  readonly wrong: readonly string[]
  /** How many credentials the far side made or was made to accept in the round, and how many of those it still accepts. */
  readonly created: number
  readonly stayed: number
  /** How many other values consumers were given, one after the other. */
  readonly promoted: number
  /** How many credentials the far side accepts that nobody uses. */
  readonly orphans: number
  /** What is kept by the store of candidates that came too late, all of which are refused by the far side. */
  readonly worthless: number
}

/** Runs one round, and looks whether everything is as it was promised. */
export async function judged(track: Track, parts: RoundParts): Promise<Verdict> {
  const { credentials, witness } = track
  await track.forget()
  const [before] = witness.read
  const known = new Set(credentials.all.map(({ id }) => id))
  const course = await new Round(track, parts).run()
  await witness.between(() => undefined)

  const wrong = [...course.untrue, ...witness.wrong]
  const expect = (isSo: boolean, what: string): void => void (isSo || wrong.push(what))

  const current = witness.read.at(-1)?.value ?? ""
  const created = credentials.all.filter(({ id }) => !known.has(id))
  const stayed = created.filter(({ endedAt }) => endedAt === undefined)
  const orphans = credentials.accepted.filter(({ value }) => value !== current)
  const promoted = witness.read.length - 1

  const claims = track.told.filter(one => one.told === "lead" && one.lead === "claimed")
  expect(claims.length === 1, `${claims.length} replicas have claimed it`)
  expect(promoted === 1, `consumers were given ${promoted} other values`)
  const sent = new Set(track.told.flatMap(one => (one.told === "promoted" ? one.id : [])))
  sent.delete(idOf(current))
  expect(sent.size === 0, `${sent.size} others were promoted`)
  expect(stayed.length === 1, `${stayed.length} of the credentials that were created stay`)
  expect(orphans.length === 0, `the far side accepts ${orphans.length} that nobody uses`)
  expect(course.begunLate.length === 0, `whoever was overtaken began: ${course.begunLate.join(", ")}`)

  const history = await track.parts.arena.history()
  const since = history.slice(history.lastIndexOf(before?.value ?? "") + 1)
  expect(
    since.every(value => value === current),
    "by the list of the store there were other values in between",
  )

  const endedAt = credentials.all.find(({ value }) => value === before?.value)?.endedAt
  const promotedAt = witness.read[1]?.since
  expect(
    endedAt === undefined || promotedAt === undefined || endedAt >= promotedAt + GRACE,
    "the old credential was ended within its grace",
  )

  const { state, leaseUntil, newId } = (await track.journal()) ?? {}
  expect(state === "idle" && leaseUntil === 0, `the journal is ${state}`)
  expect(newId === idOf(current), "the journal tells another credential")

  const remnants = await track.parts.arena.remnants()
  const worthless = remnants.filter(({ value }) => value !== undefined && !credentials.accepts({ value }))
  const harmful = remnants.filter(remnant => !worthless.includes(remnant))
  for (const { what } of harmful) wrong.push(`left over: ${what}`)

  const { prefix } = track.parts
  const heard = track.runners.flatMap(runner => runner.takeHeard())
  expect(!heard.some(line => line.includes(prefix)), "a replica told a value")

  return {
    ...course,
    wrong,
    created: created.length,
    stayed: stayed.length,
    promoted,
    orphans: orphans.length,
    worthless: worthless.length,
  }
}
