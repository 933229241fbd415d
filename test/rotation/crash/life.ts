/** Before a request is sent, or after it was carried out and before its answer is heard. */
export type Side = "before" | "after"

/** What befalls a program at one of its requests. */
export interface Blow {
  /** At which of its requests, counted from 0. */
  readonly at: number
  readonly side: Side
  /**
   * It dies: nothing of it goes on, ever. Or it stops, as by SIGSTOP, until {@link Life.goOn}: then what it was about to
   * do is done and answered first, or its timers are heard first, those of deadlines too.
   */
  readonly deed: "dies" | "stops" | "stops, and hears its timers first"
}

/**
 * The life of one program, through which all of its requests pass. A program that has died hears no answer any more and
 * sends nothing; one that stands still does so until it goes on.
 */
export class Life {
  readonly #blow: Blow | undefined
  readonly #struck = deferred()
  #continued = deferred()
  #state: "goes on" | "stands still" | "over" = "goes on"
  #wasStopped = false
  #underWay = 0
  #nextEnd = deferred()
  /** What each of its requests was sent for, in their order. */
  readonly requests: string[] = []
  /** What it is doing: the call that its requests belong to. */
  doing = "nothing"

  /** @param blow what befalls it. Default: nothing. */
  constructor(blow?: Blow) {
    this.#blow = blow
  }

  get isOver(): boolean {
    return this.#state === "over"
  }

  get standsStill(): boolean {
    return this.#state === "stands still"
  }

  /** Whether it ever stood still. */
  get wasStopped(): boolean {
    return this.#wasStopped
  }

  /** Whether its timers are heard before anything else when it goes on. */
  get hearsTimersFirst(): boolean {
    return this.#blow?.deed === "stops, and hears its timers first"
  }

  /** Resolves when the blow has struck. */
  get struck(): Promise<void> {
    return this.#struck.promise
  }

  /** How many calls have begun and not ended. */
  get underWay(): number {
    return this.#underWay
  }

  /** Resolves when a call that is under way now has ended. */
  get nextEnd(): Promise<void> {
    return this.#nextEnd.promise
  }

  /** Resolves while the program can go on; never if it is over. */
  async awake(): Promise<void> {
    while (this.#state === "stands still") await this.#continued.promise
    if (this.#state === "over") await never()
  }

  /** Lets it go on that stood still. */
  goOn(): void {
    if (this.#state !== "stands still") return
    this.#state = "goes on"
    this.#continued.resolve()
  }

  /** Ends it where it is: nothing of it goes on. */
  end(): void {
    this.#state = "over"
    this.#continued.resolve()
  }

  /** One call, which may be several requests or none. */
  async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.awake()
    this.doing = name
    this.#underWay += 1
    try {
      return await work()
    } finally {
      // In the middle of this nobody is, so that a dead program's failures are heard by nobody either.
      await this.awake()
      this.#underWay -= 1
      this.#nextEnd.resolve()
      this.#nextEnd = deferred()
    }
  }

  /** One request: what goes out of the program and is answered. */
  async request<T>(send: () => Promise<T>): Promise<T> {
    const number = this.requests.push(this.doing) - 1
    await this.#pass(number, "before")
    try {
      return await send()
    } finally {
      await this.#pass(number, "after")
    }
  }

  async #pass(number: number, side: Side): Promise<void> {
    const { at, deed } = this.#blow?.side === side ? this.#blow : {}
    if (at === number && this.#state === "goes on") {
      this.#state = deed === "dies" ? "over" : "stands still"
      this.#wasStopped = deed !== "dies"
      this.#continued = deferred()
      this.#struck.resolve()
    }
    await this.awake()
  }
}

interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
}

function deferred(): Deferred {
  let resolve = (): void => undefined
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}

/** Each time another one, or what waits for it would be kept for ever. */
async function never(): Promise<never> {
  return await new Promise(() => undefined)
}
