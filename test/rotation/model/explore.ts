import { leave } from "../../../src/rotation/protocol/leave.ts"
import type { Answer, Step } from "../../../src/rotation/protocol/steps.ts"
import type { Ending, Mind, Terms } from "../../../src/rotation/protocol/terms.ts"
import { takeTurn } from "../../../src/rotation/protocol/turn.ts"
import { Judge } from "./judge.ts"
import { Numbers } from "./numbers.ts"
import type { Budget, Exploration, Replica, Situation, Variation, Violation } from "./situation.ts"
import {
  copyOf,
  current,
  JUMP,
  newWorld,
  perform,
  type Setting,
  termsOf,
  type World,
  writeVersion,
} from "./world.ts"

/** Where a turn stands: at its next step, or at its end. */
type Standing = ({ readonly step: Step } | { readonly ending: Ending | undefined }) & {
  /** What the replica remembers by now. */
  readonly mind: Mind
}

/** From which situation each one was reached first, and how. */
type Parents = Map<string, { readonly before: string; readonly label: string }>

interface Move {
  readonly label: string
  readonly to: Situation
}

/** What a program remembers of a lease under which it was not answered. */
const open = (mind: Mind): Mind =>
  mind.held === undefined ? mind : { ...mind, held: { ...mind.held, open: true } }

/** The steps that leave a trace outside; the others only look. */
const CHANGES: ReadonlySet<Step["do"]> = new Set([
  "save",
  "mint",
  "park",
  "revoke",
  "apply",
  "promote",
  "discard",
])

const SEES_TIME: ReadonlySet<Step["do"]> = new Set(["load", "save", "revoke", "promote"])
const SEES_SECRET: ReadonlySet<Step["do"]> = new Set(["main", "since", "revoke", "promote"])

/** Walks through every order in which things can happen. */
export class Explorer {
  readonly #setting: Setting
  readonly #terms: Terms
  readonly #variation: Variation
  readonly #judge: Judge
  readonly #numbers = new Numbers()
  /** Where turns stand, by the number of the replica that takes them: most situations differ elsewhere. */
  readonly #standings = { mayRotate: new Map<number, Standing>(), mayNot: new Map<number, Standing>() }

  constructor(setting: Setting, variation: Variation = {}) {
    this.#setting = setting
    this.#variation = variation
    this.#terms = { ...termsOf(setting), ...variation.terms }
    this.#judge = new Judge(setting, this.#terms, variation)
  }

  explore(budget: Budget, { replicas = 2, most = 2_000_000, enough = 1 } = {}): Exploration {
    const start: Situation = {
      world: newWorld(),
      replicas: Array.from({ length: replicas }, (_, index) => newReplica(index, 0)),
      left: budget,
    }
    const seen = new Set([this.#numbers.keyOf(start)])
    const parents: Parents = new Map()
    const transitions = new Set<string>()
    const violations: Violation[] = []
    const open: Situation[] = [start]
    for (let situation = open.pop(); situation !== undefined; situation = open.pop()) {
      const from = this.#numbers.keyOf(situation)
      for (const { label, to } of this.#moves(situation)) {
        if (to.world.journal?.seq !== situation.world.journal?.seq) transitions.add(transition(situation, to))
        const key = this.#numbers.keyOf(to)
        if (seen.has(key)) continue
        seen.add(key)
        parents.set(key, { before: from, label })
        const wrong = this.#judge.wrong(to)
        if (wrong === undefined) open.push(to)
        else violations.push({ what: wrong, trace: trace(parents, key) })
        if (violations.length >= enough || seen.size >= most) {
          return { situations: seen.size, complete: false, violations, transitions }
        }
      }
    }
    return { situations: seen.size, complete: true, violations, transitions }
  }

  #moves(situation: Situation): Move[] {
    return [
      ...situation.replicas.flatMap((_, index) => {
        const switched = switchedTo(situation, index)
        return switched === undefined ? [] : this.#movesOf(switched, index)
      }),
      ...this.#arrivals(situation),
    ]
  }

  #movesOf(situation: Situation, index: number): Move[] {
    const replica = situation.replicas[index] as Replica
    const { left } = situation
    const standing = this.#standing(replica, left)
    // A turn that has ended is settled: what it has learnt is not remembered.
    if ("ending" in standing) return []
    const { step, mind } = standing
    const moves: Move[] = [
      this.#carryOut(situation, index, mind, step),
      ...this.#misfortunes(situation, step).map(({ label, to }) => {
        const then = this.#carryOut(to, index, mind, step)
        return { ...then, label: `${label}, and ${then.label}` }
      }),
    ]
    const changes = CHANGES.has(step.do)
    // To die anywhere between two changes comes to the same as to die right before the second.
    if (left.crashes > 0 && changes) {
      const reborn = newReplica(index, replica.lives + 1)
      moves.push({
        label: `${replica.me} dies before ${describe(step)}`,
        to: { ...withReplica(situation, index, reborn), left: { ...left, crashes: left.crashes - 1 } },
      })
    }
    if (left.lost > 0 && changes) moves.push(this.#loseAnswer(situation, index, mind, step))
    if ((left.late ?? 0) > 0 && changes) {
      moves.push({
        label: `${replica.me} gives up ${describe(step)}`,
        to: {
          ...withReplica(situation, index, endedTurn(replica, open(mind))),
          onTheWay: [...(situation.onTheWay ?? []), step],
          left: { ...left, late: (left.late ?? 0) - 1 },
        },
      })
    }
    const isFree = replica.answers.length === 0 && replica.wish === undefined && replica.leaves !== true
    if (isFree && replica.held !== undefined && (left.leaves ?? 0) > 0) {
      moves.push({
        label: `${replica.me} leaves`,
        to: {
          ...withReplica(situation, index, { ...replica, leaves: true }),
          left: { ...left, leaves: (left.leaves ?? 0) - 1 },
        },
      })
    }
    if (isFree) {
      for (const wish of left.wishes ?? []) {
        const wishes = left.wishes?.filter(other => other !== wish) ?? []
        moves.push({
          label: `${replica.me} is asked: ${wish}`,
          to: { ...withReplica(situation, index, { ...replica, wish }), left: { ...left, wishes } },
        })
      }
    }
    return moves
  }

  /** A request that was given up is carried out after all. */
  #arrivals(situation: Situation): Move[] {
    const { onTheWay = [] } = situation
    return onTheWay.map((step, index) => {
      const world = copyOf(situation.world)
      try {
        perform(world, step, this.#setting, this.#variation.planted ?? {})
      } catch {
        // The far side refuses it, and nobody hears of that.
      }
      return {
        label: `late: ${describe(step)}`,
        to: { ...situation, world, onTheWay: onTheWay.filter((_, at) => at !== index) },
      }
    })
  }

  /** The step is carried out, and answered. */
  #carryOut(situation: Situation, index: number, mind: Mind, step: Step): Move {
    const replica = situation.replicas[index] as Replica
    const world = worldFor(step, situation.world)
    const label = `${replica.me}: ${describe(step)}`
    let answer: Answer
    try {
      answer = perform(world, step, this.#setting, this.#variation.planted ?? {})
    } catch {
      return { label: `${label} fails`, to: withReplica(situation, index, endedTurn(replica, mind)) }
    }
    const claims =
      step.do === "save" && step.journal.state === "claimed" && (answer as { saved: boolean }).saved
    const left = claims ? { ...situation.left, claims: situation.left.claims - 1 } : situation.left
    const answers = [...replica.answers, (answer ?? null) as Answer]
    const rotate = replica.rotate ?? situation.left.claims > 0
    const to = { ...withReplica({ ...situation, world }, index, { ...replica, answers, rotate }), left }
    return { label, to: this.#settled(to, index) }
  }

  /** What nobody else can see is done at once: the end of a turn, and what is made in memory. */
  #settled(situation: Situation, index: number): Situation {
    const replica = situation.replicas[index] as Replica
    const standing = this.#standing(replica, situation.left)
    const { mind } = standing
    if ("ending" in standing) return withReplica(situation, index, endedTurn(replica, mind))
    const { step } = standing
    const fenced =
      this.#variation.prompt === true && replica.answers.length > 1 && isLoad(replica.answers.at(-1))
    const unseen = step.do === "create" || step.do === "tell"
    if (!unseen && !(fenced && CHANGES.has(step.do))) return situation
    const world = worldFor(step, situation.world)
    let answer: Answer
    try {
      answer = perform(world, step, this.#setting, this.#variation.planted ?? {})
    } catch {
      return withReplica(situation, index, endedTurn(replica, mind))
    }
    const answers = [...replica.answers, (answer ?? null) as Answer]
    return this.#settled(withReplica({ ...situation, world }, index, { ...replica, answers }), index)
  }

  /** The step is carried out, nobody hears of it, and the turn ends. */
  #loseAnswer(situation: Situation, index: number, mind: Mind, step: Step): Move {
    const { to } = this.#carryOut(situation, index, mind, step)
    const replica = endedTurn(situation.replicas[index] as Replica, open(mind))
    return {
      label: `${replica.me}: ${describe(step)}, and the answer is lost`,
      to: { ...withReplica(to, index, replica), left: { ...to.left, lost: to.left.lost - 1 } },
    }
  }

  /**
   * What may happen right before a step that sees it. Anywhere earlier it would come to the same, so it is not tried
   * there: time is seen by those who look at it, and what a person writes by those who look at the secret or change it.
   */
  #misfortunes({ world: before, ...rest }: Situation, { do: step }: Step): Move[] {
    const { left } = rest
    const moves: Move[] = []
    if (left.jumps > 0 && SEES_TIME.has(step)) {
      const world = { ...copyOf(before), now: before.now + JUMP }
      moves.push({ label: "time passes", to: { ...rest, world, left: { ...left, jumps: left.jumps - 1 } } })
    }
    if (left.edits > 0 && SEES_SECRET.has(step)) {
      const world = copyOf(before)
      const version = current(world).version + 1
      const value = `hand-${version}`
      const id = this.#terms.overlap ? value : "account"
      world.far = this.#terms.overlap
        ? { ...world.far, [id]: { value, alive: true } }
        : { [id]: { value, alive: true } }
      writeVersion(world, { version, value, by: "person" })
      moves.push({
        label: "a person writes",
        to: { ...rest, world, left: { ...left, edits: left.edits - 1 } },
      })
    }
    return moves
  }

  /** Where the turn of a replica stands after all that it was answered. */
  #standing(replica: Replica, left: Budget): Standing {
    const rotate = replica.rotate ?? left.claims > 0
    const standings = rotate ? this.#standings.mayRotate : this.#standings.mayNot
    const number = this.#numbers.ofReplica(replica)
    const known = standings.get(number)
    if (known !== undefined) return known
    const standing = this.#replayed(replica, rotate)
    standings.set(number, standing)
    return standing
  }

  #replayed(replica: Replica, rotate: boolean): Standing {
    const mind: Mind = { me: replica.me, held: replica.held }
    const asked = replica.wish === undefined ? {} : { [replica.wish]: true }
    const turn =
      replica.leaves === true
        ? leave(this.#terms, mind)
        : (this.#variation.turn ?? takeTurn)(this.#terms, mind, { rotate, impatient: true, ...asked })
    let next = turn.next()
    for (const answer of replica.answers) {
      if (next.done) break
      next = turn.next((answer ?? undefined) as Answer)
    }
    return next.done ? { ending: next.value ?? undefined, mind } : { step: next.value, mind }
  }
}

/** A world in which a step may be carried out: the same one where it only looks. */
function worldFor({ do: step }: Step, world: World): World {
  return CHANGES.has(step) || step === "create" || step === "tell" ? copyOf(world) : world
}

function isLoad(answer: Answer): boolean {
  return typeof answer === "object" && answer !== null && "monotonic" in answer
}

function transition(from: Situation, to: Situation): string {
  return `${from.world.journal?.state ?? "idle"} > ${to.world.journal?.state}`
}

/** The situation when this program goes on; `undefined` if it may not. */
function switchedTo(situation: Situation, index: number): Situation | undefined {
  const { left, last } = situation
  if (left.switches === undefined || last === index) return situation
  if (last === undefined) return { ...situation, last: index }
  if (left.switches === 0) return undefined
  return { ...situation, last: index, left: { ...left, switches: left.switches - 1 } }
}

function newReplica(index: number, lives: number): Replica {
  return { me: `${"AB"[index]}${lives}`, lives, answers: [] }
}

/** What remains of a turn: who it was, and what it holds. */
function endedTurn({ me, lives }: Replica, { held }: Mind): Replica {
  return { me, lives, answers: [], ...(held === undefined ? {} : { held }) }
}

function withReplica(situation: Situation, index: number, replica: Replica): Situation {
  return { ...situation, replicas: situation.replicas.map((one, at) => (at === index ? replica : one)) }
}

function describe(step: Step): string {
  if (step.do === "save") return `journal ${step.journal.seq} ${step.journal.state}`
  if (step.do === "revoke") return `revoke ${step.credential.id}`
  if (step.do === "promote") return `promote ${String(step.value)} over ${step.expectBase}`
  return step.do
}

function trace(parents: Parents, end: string): string[] {
  const labels: string[] = []
  for (let at = parents.get(end); at !== undefined; at = parents.get(at.before)) labels.unshift(at.label)
  return labels
}
