import type { SecretStore } from "../core/index.ts"
import type { Limiter } from "./limiter.ts"
import type { Answer, Reader } from "./reader.ts"

interface Request {
  readonly name: string
  readonly timeout: number
  readonly signal: AbortSignal
  /** Whether it may still be sent; asked again when its turn has come. */
  mayGo(): boolean
  settle(answer: Answer | undefined): void
}

/**
 * Gathers the names that are asked for in one turn of the event loop and reads them in as few calls as the store
 * allows: in batches where it has them, else singly, at most ten at once. A batch that is throttled or refused is read
 * singly; and from then on no batch is tried if what was refused is batches, and not this one.
 */
export class Batch {
  readonly #store: SecretStore
  readonly #reader: Reader
  readonly #limiter: Limiter
  #waiting: Request[] = []
  #forbidden = false

  constructor(store: SecretStore, reader: Reader, limiter: Limiter) {
    this.#limiter = limiter
    this.#store = store
    this.#reader = reader
  }

  /**
   * Reads one name, together with others if there are any. Resolves with nothing if the signal aborts before it is sent,
   * or if it may not go any more when its turn has come: behind ten calls that hang, that can be late.
   */
  async read(
    name: string,
    timeout: number,
    signal: AbortSignal,
    mayGo: () => boolean,
  ): Promise<Answer | undefined> {
    return await new Promise(settle => {
      this.#waiting.push({ name, timeout, signal, mayGo, settle })
      if (this.#waiting.length === 1) atEndOfTurn(() => this.#flush())
    })
  }

  #flush(): void {
    const requests = this.#waiting.filter(request => this.#goes(request))
    this.#waiting = []
    // A batch has one time limit, so only names with the same one share it.
    for (const group of byTimeout(requests)) {
      if (this.#store.readMany === undefined || this.#forbidden || group.length === 1) this.#readSingly(group)
      else this.#readTogether(group)
    }
  }

  #readSingly(requests: readonly Request[]): void {
    for (const request of requests) {
      const { name, timeout, signal } = request
      void this.#limiter.run(async () => {
        if (this.#goes(request)) request.settle(await this.#reader.read(name, { timeout, signal }))
      })
    }
  }

  /** Lets go of a request whose caller has left, or that may not go any more, before anything was sent. */
  #goes(request: Request): boolean {
    const goes = !request.signal.aborted && request.mayGo()
    if (!goes) request.settle(undefined)
    return goes
  }

  #readTogether(requests: readonly Request[]): void {
    const size = Math.max(1, this.#store.capabilities.batchSize)
    for (let start = 0; start < requests.length; start += size) {
      const chunk = requests.slice(start, start + size)
      void this.#limiter.run(async () => await this.#readChunk(chunk))
    }
  }

  async #readChunk(chunk: readonly Request[]): Promise<void> {
    const requests = chunk.filter(request => this.#goes(request))
    const first = requests[0]
    if (first === undefined) return
    const common = commonSignal(requests)
    const names = requests.map(request => request.name)
    const { answers, failure } = await this.#reader.readMany(names, {
      timeout: first.timeout,
      signal: common.signal,
    })
    common.release()
    const refused = failure?.code === "DENIED" || failure?.code === "UNSUPPORTED"
    if (refused && !failure.transient) this.#forbidden = true
    if (refused || failure?.code === "THROTTLED") this.#readSingly(requests)
    else for (const request of requests) request.settle(answers.get(request.name) as Answer)
  }
}

function byTimeout(requests: readonly Request[]): Iterable<readonly Request[]> {
  const groups = new Map<number, Request[]>()
  for (const request of requests) {
    const group = groups.get(request.timeout)
    if (group === undefined) groups.set(request.timeout, [request])
    else group.push(request)
  }
  return groups.values()
}

/** Runs when all promises that are settled by now have been followed up, so that whoever reads in this turn is in. */
function atEndOfTurn(run: () => void): void {
  queueMicrotask(() => process.nextTick(run))
}

/** A signal that aborts when everybody's has; nobody's has yet. */
function commonSignal(requests: readonly Request[]): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  let waiting = requests.length
  const leave = () => {
    waiting -= 1
    if (waiting === 0) controller.abort()
  }
  for (const { signal } of requests) signal.addEventListener("abort", leave, { once: true })
  return {
    signal: controller.signal,
    release: () => {
      for (const { signal } of requests) signal.removeEventListener("abort", leave)
    },
  }
}
