import type { RotationEvent } from "latchkey/rotation"

/** How much was done by a moment. */
export interface Counted {
  readonly made: number
  readonly failed: number
  readonly refusals: number
}

/** One rotation, from its beginning to its end. */
export interface ToldRotation {
  readonly name: string
  /** The how-manieth of this secret. */
  readonly number: number
  /** ms after the load began. */
  readonly began: number
  /** When each state was reached, in ms after it began. */
  readonly reached: ReadonlyMap<string, number>
  /** What was done meanwhile. */
  readonly during: Counted
  /** Whether nobody accepts the old credential any more. */
  readonly oldIsDead: boolean
}

interface UnderWay {
  readonly began: number
  readonly reached: Map<string, number>
  readonly before: Counted
}

export interface ChronicleOptions {
  readonly count: () => Counted
  /** Called when a rotation ends: whether the credential before it is dead. */
  readonly isOldDead: (name: string) => Promise<boolean>
  /** Told of every one that is over. */
  readonly told: (rotation: ToldRotation) => void
}

/** Makes a story of every rotation out of the events of a Rotator. */
export class Chronicle {
  readonly rotations: ToldRotation[] = []
  /** What went wrong, in words without values. */
  readonly trouble: string[] = []
  readonly #options: ChronicleOptions
  readonly #start = performance.now()
  readonly #underWay = new Map<string, UnderWay>()
  readonly #numbers = new Map<string, number>()
  readonly #ending = new Set<Promise<void>>()

  constructor(options: ChronicleOptions) {
    this.#options = options
  }

  /** How often a secret has been rotated. */
  timesOf(name: string): number {
    return this.rotations.filter(rotation => rotation.name === name).length
  }

  /** Where those stand that are under way: `auth/jwt-key published`. */
  get present(): string {
    const states = Array.from(
      this.#underWay,
      ([name, { reached }]) => `${name} ${[...reached.keys()].at(-1)}`,
    )
    return states.join(", ")
  }

  take(event: RotationEvent): void {
    if (event.type === "failed") this.trouble.push(`${event.name}: ${event.error.message}`)
    if (event.type === "blocked") this.trouble.push(`${event.name} is blocked: ${event.reason}`)
    if (event.type !== "moved") return
    const now = performance.now() - this.#start
    if (event.from === "idle") {
      this.#underWay.set(event.name, { began: now, reached: new Map(), before: this.#options.count() })
    }
    const underWay = this.#underWay.get(event.name)
    if (underWay === undefined) return
    underWay.reached.set(event.to, now - underWay.began)
    if (event.to !== "idle") return
    this.#underWay.delete(event.name)
    const ending = this.#end(event.name, underWay)
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
  }

  /** Resolves when all is told that has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#ending)
  }

  async #end(name: string, { began, reached, before }: UnderWay): Promise<void> {
    const number = (this.#numbers.get(name) ?? 0) + 1
    this.#numbers.set(name, number)
    let oldIsDead = false
    try {
      oldIsDead = await this.#options.isOldDead(name)
    } catch (thrown) {
      this.trouble.push(
        `${name}: ${thrown instanceof Error ? thrown.message : "the old one could not be tried"}`,
      )
    }
    const after = this.#options.count()
    const during = {
      made: after.made - before.made,
      failed: after.failed - before.failed,
      refusals: after.refusals - before.refusals,
    }
    const rotation = { name, number, began, reached, during, oldIsDead }
    this.rotations.push(rotation)
    this.#options.told(rotation)
  }
}
