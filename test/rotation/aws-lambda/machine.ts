/** A process that may die: everything that leaves it goes through here, and nothing does after it has died. */
export class Machine {
  /** What has left it since the last life began, in order. */
  readonly passed: string[] = []
  /** How often something has left that changes something, in this life. */
  changes = 0
  dead = false
  #death: { readonly at: number; readonly after: boolean } | undefined

  /** Lets it die at a change, by its number from 1: before it leaves, or when it has been done and nobody hears of it. */
  dieAt(at: number, after: boolean): void {
    this.#death = { at, after }
  }

  /** Another life: nothing is remembered, and it does not die. */
  revive(): void {
    this.dead = false
    this.#death = undefined
    this.changes = 0
    this.passed.length = 0
  }

  /**
   * Lets something leave.
   *
   * @param changes whether it changes anything: what only asks is as good as what was done before it.
   * @returns whether whoever sent it hears the answer
   * @throws Died
   */
  leave(what: string, changes: boolean): "heard" | "unheard" {
    if (this.dead) throw new Died()
    this.passed.push(what)
    if (!changes) return "heard"
    this.changes += 1
    if (this.changes !== this.#death?.at) return "heard"
    this.dead = true
    if (!this.#death.after) throw new Died()
    return "unheard"
  }
}

/** The process has died: what it waits for never comes. */
export class Died extends Error {
  override readonly name = "Died"

  constructor() {
    super("the process has died")
  }
}
