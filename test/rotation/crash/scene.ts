import type { RotationJournal } from "../../../src/core/index.ts"
import type { RotationOutcome } from "../../../src/rotation/index.ts"
import { type FakeClock, fakeClock } from "../../../src/testing/index.ts"
import type { Bench, Place } from "./benches/bench.ts"
import { asked, Credentials, idOf } from "./far-side/far-side.ts"
import { type Blow, Life } from "./life.ts"
import { PLANS, type PlanName, USUAL } from "./plans.ts"
import type { Plant } from "./plants.ts"
import type { Child } from "./process/child.ts"
import { ChildProgram } from "./process/child-program.ts"
import { type Onlooker, Program } from "./program.ts"

/** The grace of the plans, in milliseconds: 1.1 × `ttl` + `maxStale` + `callTimeout`. */
const GRACE = (5.5 * 60 + 60 * 60 + 5) * 1_000

/** How far the clock leaps between two looks of a program: past every lease, and not past the grace. */
const LEAP = "20m"

/** After so many looks a rotation should have come to its end, whatever befell it. */
const MOST_LOOKS = 30

/** A program, in this process or in one of its own. */
export interface Replica {
  readonly life: Life
  /** Whether time goes on for it by itself. */
  readonly hasOwnTime: boolean
  tick(): Promise<RotationOutcome>
  resume(): Promise<RotationOutcome>
  end(): Promise<void>
}

/** How a scene is set. */
export interface SceneParts {
  readonly bench: Bench
  readonly plan: PlanName
  /** What every value begins with: a canary. */
  readonly prefix: string
  /** A fault in the ledger of every program. */
  readonly plant?: Plant | undefined
}

/** What a program came to in one look. */
export type Look = RotationOutcome | "died" | "stopped"

function isOver(look: Look): look is "died" | "stopped" {
  return look === "died" || look === "stopped"
}

/**
 * One secret, rotated by programs that die and stop, with a consumer who reads it all the time and a far side that keeps
 * its own list. What must not be and was is in `wrong`.
 */
export class Scene implements Onlooker {
  readonly clock: FakeClock
  readonly credentials: Credentials
  readonly wrong: string[] = []
  readonly #parts: SceneParts
  readonly #place: Place
  readonly #programs: Replica[] = []
  /** What each program is at, or was at last. */
  readonly #looks = new Map<Replica, Promise<RotationOutcome>>()
  /** What consumers read, and since when, oldest first. */
  readonly #read: { readonly value: string; readonly since: number }[] = []
  readonly #journals = new Map<number, RotationJournal>()
  /** What a person wrote, if one did. */
  #byHand: string | undefined

  private constructor(parts: SceneParts, place: Place, clock: FakeClock, credentials: Credentials) {
    this.#parts = parts
    this.#place = place
    this.clock = clock
    this.credentials = credentials
  }

  /** Makes a secret whose value the far side accepts, and that was never rotated. */
  static async set(parts: SceneParts): Promise<Scene> {
    // In whole seconds, as headers of HTTP tell the time.
    const clock = fakeClock(new Date(Math.ceil(Date.now() / 1_000) * 1_000))
    const credentials = new Credentials(parts.prefix, () => clock.wall())
    const place = await parts.bench.place(() => clock.wall())
    await place.put(credentials.mint(undefined).value)
    const scene = new Scene(parts, place, clock, credentials)
    await scene.changed()
    return scene
  }

  /** Starts a program. @param blow what befalls it. */
  async program(blow?: Blow): Promise<Program> {
    const { plan, plant } = this.#parts
    const life = new Life(blow)
    const program = new Program({
      name: this.#place.name,
      opened: await this.#place.open(life),
      life,
      clock: this.clock,
      onlooker: this,
      far: asked(this.credentials),
      plan: far => PLANS[plan]({ far, pace: USUAL, newValue: () => this.credentials.newValue() }),
      plant,
    })
    this.#programs.push(program)
    return program
  }

  /** Gives a process of its own the secret to rotate. @param blow what befalls it. */
  async process(child: Child, blow: Blow): Promise<Replica> {
    const program = await ChildProgram.begin({
      child,
      life: new Life(blow),
      place: this.#place,
      credentials: this.credentials,
      plan: this.#parts.plan,
      prefix: this.#parts.prefix,
      onlooker: this,
    })
    this.#programs.push(program)
    return program
  }

  /** Lets a program look once, while time goes on for it. */
  async look(program: Replica): Promise<Look> {
    const look = program.tick()
    // Of one that is no more nobody hears the end.
    look.catch(() => undefined)
    return await this.#during(program, look)
  }

  /** Lets a program go on that was stopped, until it has looked to the end. */
  async goOn(program: Replica): Promise<Look> {
    const look = this.#looks.get(program)
    if (look === undefined) throw new TypeError("the program was not stopped")
    program.life.goOn()
    return await this.#during(program, look)
  }

  /** Lets a program look again and again, with leaps of time between, until the rotation is over or it is no more. */
  async carryOn(program: Replica): Promise<Look> {
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      const look = await this.look(program)
      if (isOver(look) || look.happened === "blocked") return look
      if (look.state === "idle" && this.isRotated && !look.moved) return look
      await this.clock.advance(LEAP)
    }
    throw new Error("it comes to no end")
  }

  /** A person looks at the far side, ends what nobody knows, and lets a program go on that was blocked. */
  async resume(program: Replica): Promise<Look> {
    for (const { id, value } of this.credentials.accepted)
      if (value !== this.#read.at(-1)?.value) this.credentials.revoke({ id })
    const look = await this.#during(program, program.resume())
    return isOver(look) ? look : await this.carryOn(program)
  }

  /** Whether consumers have read another value than the first. */
  get isRotated(): boolean {
    return this.#read.length > 1
  }

  /** The journal as it was seen last. */
  get journal(): RotationJournal | undefined {
    return this.#journals.get(Math.max(...this.#journals.keys()))
  }

  /** The steps of the journal from state to state that were seen, as `claimed > parked`. */
  get transitions(): readonly string[] {
    return Array.from(this.#journals.values(), ({ seq, state }) => {
      const before = seq === 1 ? "idle" : this.#journals.get(seq - 1)?.state
      return before === undefined ? [] : [`${before} > ${state}`]
    }).flat()
  }

  /** A person gives the secret a value that the far side accepts. */
  async edit(): Promise<void> {
    const { value } = this.credentials.mint(undefined)
    await this.#place.put(value)
    await this.changed()
    this.#byHand = value
  }

  /** Looks what consumers read now. */
  async changed(): Promise<void> {
    const value = await this.#place.read()
    const before = this.#read.at(-1)
    if (value === undefined) {
      this.#noteWrong("consumers read nothing")
      return
    }
    if (before?.value !== value) {
      if (before !== undefined && before.value === this.#byHand)
        this.#noteWrong("what a person wrote was written over")
      this.#read.push({ value, since: this.clock.wall() })
    }
    if (!this.credentials.accepts({ value }))
      this.#noteWrong("consumers read a credential that the far side refuses")
  }

  async called(_call: string, isChange: boolean): Promise<void> {
    if (isChange) await this.changed()
  }

  saw(journal: RotationJournal): void {
    this.#journals.set(journal.seq, journal)
  }

  /** Looks, when all is over, whether everything is as it was promised. */
  async judge(last: Look): Promise<readonly string[]> {
    if (isOver(last)) throw new Error("a program that is no more cannot be judged")
    if (last.happened === "blocked") this.#judgeBlocked(last)
    else {
      this.#judgeCredentials()
      this.#judgeJournal()
      await this.#judgeLeftovers()
    }
    return this.wrong
  }

  /** Ends all programs, and removes the secret. */
  async close(): Promise<void> {
    for (const program of this.#programs) await program.end()
    await this.#place.remove()
  }

  #judgeBlocked({ problem }: RotationOutcome): void {
    const { reason } = this.journal ?? {}
    const isExpected =
      this.#byHand === undefined
        ? this.#parts.plan === "unlabelled" && reason === "possible-orphan"
        : reason === "changed-by-hand" || reason === "foreign-version"
    if (!isExpected || problem === undefined) this.wrong.push(`blocked: ${reason}`)
  }

  #judgeCredentials(): void {
    if (this.#byHand !== undefined && this.#read.at(-1)?.value === this.#byHand) return
    const [first, second, ...more] = this.#read
    if (first === undefined || second === undefined || more.length > 0)
      this.wrong.push(`consumers read ${this.#read.length} values, one after the other`)
    const current = this.#read.at(-1)
    const accepted = this.credentials.accepted.filter(({ value }) => value !== current?.value)
    if (accepted.length > 0) this.wrong.push(`the far side still accepts ${accepted.length} others`)
    const endedAt = this.credentials.all.find(({ value }) => value === first?.value)?.endedAt
    if (endedAt !== undefined && second !== undefined && endedAt < second.since + GRACE)
      this.wrong.push("the old credential was ended within its grace")
  }

  #judgeJournal(): void {
    const { state, leaseUntil, newId } = this.journal ?? {}
    if (state !== "idle" || leaseUntil !== 0) this.wrong.push(`the journal is ${state}`)
    if (this.#byHand === undefined && newId !== idOf(this.#read.at(-1)?.value ?? ""))
      this.wrong.push("the journal tells another credential")
  }

  /** A program that was stopped right before it parked does so later: then what it parks must be worth nothing. */
  async #judgeLeftovers(): Promise<void> {
    const anyStopped = this.#programs.some(({ life }) => life.wasStopped)
    for (const { what, value } of await this.#place.leftovers()) {
      const isWorthless = value !== undefined && !this.credentials.accepts({ value })
      if (!anyStopped || !isWorthless) this.wrong.push(`left over: ${what}`)
    }
  }

  /** Each thing that is wrong is noted once, however often it is seen. */
  #noteWrong(what: string): void {
    if (!this.wrong.includes(what)) this.wrong.push(what)
  }

  /** What a look of a program comes to, while time goes on for it. */
  async #during(program: Replica, look: Promise<RotationOutcome>): Promise<Look> {
    this.#looks.set(program, look)
    const { life } = program
    let isEnded = false
    const end = (): void => {
      isEnded = true
    }
    const ended = look.then(end, end)
    for (;;) {
      await this.clock.settle()
      if (isEnded || life.isOver || life.standsStill) break
      if (life.underWay > 0) await Promise.race([life.nextEnd, life.struck])
      else if (program.hasOwnTime) await Promise.race([ended, life.struck])
      // It waits for the clock.
      else await this.clock.advance("250ms")
    }
    await this.changed()
    if (isEnded) return await look
    return life.isOver ? "died" : "stopped"
  }
}
