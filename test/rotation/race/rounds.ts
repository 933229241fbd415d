import { Chance } from "./chance.ts"
import { judged, type Verdict } from "./judge.ts"
import type { Stop } from "./messages.ts"
import { COMEBACKS, type RoundParts } from "./round.ts"
import { Track, type TrackParts } from "./track.ts"

/** How a race is run. */
export interface RaceParts extends TrackParts {
  /** How many rotations whose leader is stopped. */
  readonly rounds: number
  /** What decides where each leader is stopped, and when it goes on. */
  readonly seed: number
  /** Told after each round. */
  readonly onRound?: (done: number) => void
  /** Ends it after the round that is under way. */
  readonly signal?: AbortSignal
}

/** What came of a race, counted over all its rounds. */
export interface Tally {
  /** Rotations whose leader was stopped past its lease and went on. */
  readonly rounds: number
  /** In how many of these another one had to take over. */
  readonly takenOver: number
  /** How many credentials the far side made or was made to accept, and how many of those stayed: one for each rotation. */
  readonly created: number
  readonly stayed: number
  readonly promoted: number
  /** The most credentials that the far side accepted after any round and that nobody used. */
  readonly orphans: number
  /** How many candidates that came too late are kept in the end, all of which are refused by the far side. */
  readonly worthless: number
  /** How many calls failed, and were made again. */
  readonly failures: number
  /** What went wrong in the round that ended the race, with how to run that again; empty if all is well. */
  readonly wrong: readonly string[]
}

/** As many rounds as are run without a leader that is stopped, to see what there is to stop it at. */
const WARM_UP = 2

/**
 * Lets eight replicas race for the same rotation again and again, and stops the leader of each past its lease. Ends with the
 * first round in which anything is wrong.
 */
export async function runRace({ rounds, seed, onRound, signal, ...parts }: RaceParts): Promise<Tally> {
  await using track = await Track.set(parts)
  const verdicts: Verdict[] = []
  let last: Verdict | undefined
  for (let round = 0; round < WARM_UP; round += 1) {
    last = await judged(track, {})
    if (last.wrong.length > 0) return tallyOf(verdicts, last, `a round without a stop`)
  }
  const chance = new Chance(seed)
  const choose = choices(last?.moments ?? {}, chance)
  // What a leader goes through may differ a little from round to round, so that it may not come to its stop.
  for (let tries = 0; verdicts.length < rounds && tries < 2 * rounds && !signal?.aborted; tries += 1) {
    const chosen = choose()
    last = await judged(track, chosen)
    if (last.wrong.length > 0) return tallyOf(verdicts, last, JSON.stringify(chosen))
    if (last.stoppedAt === undefined) continue
    verdicts.push(last)
    onRound?.(verdicts.length)
  }
  return tallyOf(verdicts, last)
}

/** Chooses where and how each leader is stopped: at each moment once before any is chosen again. */
function choices(moments: Verdict["moments"], chance: Chance): () => RoundParts {
  const all = (["claimed", "retiring"] as const).flatMap(after =>
    Array.from(moments[after] ?? [], (_, moment): Stop & { rest: number } => ({
      after,
      moment,
      rest: (moments[after]?.length ?? 0) - moment,
    })),
  )
  let left: typeof all = []
  return () => {
    if (left.length === 0) left = chance.shuffled(all)
    const { rest = 1, ...stop } = left.pop() ?? { after: "claimed", moment: 0 }
    const comeback = COMEBACKS[chance.below(COMEBACKS.length)] ?? COMEBACKS[0]
    return { stop, comeback, later: chance.below(rest) }
  }
}

function tallyOf(verdicts: readonly Verdict[], last: Verdict | undefined, round?: string): Tally {
  const sum = (of: (verdict: Verdict) => number): number =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0)
  return {
    rounds: verdicts.length,
    takenOver: sum(({ takenOver }) => (takenOver ? 1 : 0)),
    created: sum(({ created }) => created),
    stayed: sum(({ stayed }) => stayed),
    promoted: sum(({ promoted }) => promoted),
    orphans: Math.max(0, ...verdicts.map(({ orphans }) => orphans), last?.orphans ?? 0),
    worthless: last?.worthless ?? 0,
    failures: sum(({ failures }) => failures.length),
    wrong:
      round === undefined ? [] : (last?.wrong ?? []).map(what => `${round}, ${last?.stoppedAt}: ${what}`),
  }
}
