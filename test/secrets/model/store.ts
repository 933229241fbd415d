import {
  type Clock,
  type Instant,
  instant,
  SecretError,
  type SecretErrorCode,
  type SecretStore,
  type SecretValue,
  type StoreCapabilities,
  type StoredSecret,
  type VersionInfo,
  type WatchOptions,
} from "../../../src/core/index.ts"
import type { Service, ServiceVersion } from "./service.ts"

/** How a call is answered: with what was there when it began, with what is there now, or with a fault. */
export type How = "then" | "now" | "lost" | "garbage" | SecretErrorCode

/** One call that is under way. */
export interface Call {
  readonly operation: "read" | "readMany" | "write" | "delete" | "versions" | "watch"
  readonly names: readonly string[]
  readonly version: string | undefined
  /** The service's tick when it began, and the time. */
  readonly tick: number
  readonly at: Instant
  readonly signal: AbortSignal
  /** What a write is to write. */
  readonly value: string | undefined
  /** What a write has made. */
  readonly written: ServiceVersion | undefined
  /** When a write or a deletion took effect. */
  readonly effectiveAt: number | undefined
  /** Lets a write or a deletion take effect, without an answer. */
  take(): void
  answer(how: How, turns: number): void
}

/** Who is told of all calls, as they happen. */
export interface StoreListener {
  began(call: Call): void
  answered(call: Call, how: How, answers: ReadonlyMap<string, ServiceVersion | SecretErrorCode>): void
  aborted(call: Call): void
}

export interface StoreTraits {
  readonly versionedReads: boolean
  readonly batches: boolean
  readonly watched: boolean
  /** Whether calls go on when their signal has aborted. */
  readonly deaf: boolean
  /** Whether versions tell when they were made. */
  readonly dated: boolean
}

/** After how many turns a healthy store answers. */
const HEALTHY_TURNS = 200

interface Watch extends WatchOptions {
  hint(name?: string): void
}

type Answers = Map<string, ServiceVersion | SecretErrorCode>

/** A store whose every answer waits until somebody asks for it: in any order, and whatever it shall be. */
export class ProgrammableStore {
  readonly store: SecretStore
  readonly service: Service
  /** The calls under way, oldest first. Those whose signal has aborted stay, where the store is deaf. */
  pending: Call[] = []
  /** Answers at once with the truth, from now on. */
  healthy = false
  closed = 0
  listener: StoreListener | undefined
  /** Who sees to it that a call is answered. Default: somebody who looks at what is pending. */
  scheduled: ((call: Call) => void) | undefined
  readonly #watches = new Set<Watch>()
  readonly #clock: Clock
  readonly #traits: StoreTraits

  constructor(service: Service, clock: Clock, traits: StoreTraits) {
    this.service = service
    this.#clock = clock
    this.#traits = traits
    const capabilities: StoreCapabilities = {
      preconditions: { absent: false, version: false },
      versionedReads: traits.versionedReads,
      batchSize: 10,
      binary: false,
      expiry: false,
      softDelete: false,
      local: false,
    }
    this.store = {
      kind: "programmable",
      location: "programmable:",
      capabilities,
      canonical: name => name,
      read: async (name, { version, signal }) => {
        const answers = await this.#call("read", [name], signal, { version })
        return this.#one(answers, name)
      },
      write: async (name, value: SecretValue, { signal }) => {
        const written = await this.#call("write", [name], signal, { value: String(value) })
        return infoOf(written.get(name) as ServiceVersion, true, true)
      },
      delete: async (name, { signal }) => void (await this.#call("delete", [name], signal)),
      ping: async () => {},
      close: async () => {
        this.closed += 1
      },
    }
    if (traits.batches) {
      this.store.readMany = async (names, { signal }) => {
        const answers = await this.#call("readMany", names, signal)
        return new Map(names.map(name => [name, this.#secretOrError(answers, name)]))
      }
    }
    if (traits.watched) this.store.watch = async (hint, options) => await this.#watch({ hint, ...options })
    if (traits.versionedReads) this.store.versions = (name, { signal }) => this.#versions(name, signal)
  }

  /** Tells all who watch that something may have changed. */
  hint(name?: string): void {
    for (const watch of [...this.#watches]) watch.hint(name)
  }

  /** Ends all watches. */
  failWatches(): void {
    const ending = [...this.#watches]
    this.#watches.clear()
    for (const watch of ending) watch.failed(new SecretError("UNAVAILABLE"))
  }

  async #watch(watch: Watch): Promise<void> {
    await this.#call("watch", [], watch.signal)
    if (watch.signal.aborted) return
    this.#watches.add(watch)
    watch.signal.addEventListener("abort", () => this.#watches.delete(watch))
  }

  async *#versions(name: string, signal: AbortSignal): AsyncGenerator<VersionInfo> {
    await this.#call("versions", [name], signal)
    const current = this.service.read(name)
    for (const one of this.service.versions(name)) {
      yield infoOf(
        one,
        typeof current !== "string" && current.version === one.version,
        this.service.isReadable(name, one.version),
      )
    }
  }

  #one(answers: Answers, name: string): StoredSecret {
    const answer = this.#secretOrError(answers, name)
    if (answer instanceof SecretError) throw answer
    return answer
  }

  #secretOrError(answers: Answers, name: string): StoredSecret | SecretError {
    const answer = answers.get(name) ?? "NOT_FOUND"
    if (typeof answer === "string") return new SecretError(answer, { secret: name })
    const { value, version, createdAt } = answer
    return this.#traits.dated ? { value, version, createdAt } : { value, version }
  }

  #call(
    operation: Call["operation"],
    names: readonly string[],
    signal: AbortSignal,
    { version, value }: { version?: string | undefined; value?: string | undefined } = {},
  ): Promise<Answers> {
    const { service } = this
    const clock = this.#clock
    return new Promise<Answers>((resolve, reject) => {
      const tick = service.next()
      const look = (): Answers => new Map(names.map(name => [name, service.read(name, version)]))
      const then = look()
      let effectiveAt: number | undefined
      let written: ServiceVersion | undefined
      const leave = () => {
        this.pending = this.pending.filter(other => other !== call)
        signal.removeEventListener("abort", abort)
      }
      const abort = () => {
        this.listener?.aborted(call)
        if (this.#traits.deaf) return
        leave()
        reject(new Error("the request was aborted"))
      }
      const name = names[0] ?? ""
      const call: Call = {
        operation,
        names,
        version,
        tick,
        at: instant(clock),
        signal,
        value,
        get written() {
          return written
        },
        get effectiveAt() {
          return effectiveAt
        },
        take() {
          if (effectiveAt !== undefined) return
          if (operation === "write") written = service.rotate(name, value as string, new Date(clock.wall()))
          else if (operation === "delete") service.remove(name)
          else return
          effectiveAt = service.tick
        },
        answer: (how, turns) => {
          if (!this.pending.includes(call)) return
          leave()
          if (how === "then" || how === "now" || how === "lost") call.take()
          const answers: Answers = how === "now" ? look() : then
          if (written !== undefined) answers.set(name, written)
          this.listener?.answered(call, how, answers)
          afterTurns(turns, () => {
            if (how === "then" || how === "now") resolve(answers)
            else reject(failureOf(how, call))
          })
        },
      }
      this.pending.push(call)
      signal.addEventListener("abort", abort)
      this.listener?.began(call)
      // Not at once, or what follows from one answer would meet the next one.
      if (this.healthy) afterTurns(HEALTHY_TURNS, () => call.answer("now", 0))
      else this.scheduled?.(call)
    })
  }
}

/** Whether a call reads values. */
export function isReading({ operation }: Call): boolean {
  return operation === "read" || operation === "readMany"
}

function infoOf(one: ServiceVersion, current: boolean, readable: boolean): VersionInfo {
  return { version: one.version, current, readable, createdAt: one.createdAt }
}

/** How long a store asks to wait that is asked too often, in milliseconds: longer than a time to live. */
export const RETRY_AFTER = 90_000

/** What stores throw that throw what they should not. */
const GARBAGE: readonly unknown[] = [
  undefined,
  null,
  "no error",
  new Error("a foreign error"),
  { code: "NOT_FOUND" },
]

function failureOf(how: Exclude<How, "then" | "now">, { operation, tick }: Call): unknown {
  if (how === "lost") {
    // A reading has no unknown outcome.
    return operation === "write"
      ? new SecretError("UNAVAILABLE", { outcome: "unknown" })
      : new SecretError("UNAVAILABLE")
  }
  if (how === "garbage") return GARBAGE[tick % GARBAGE.length]
  return new SecretError(how, how === "THROTTLED" ? { retryAfterMs: RETRY_AFTER } : {})
}

/** Runs after so many promise jobs have had their turn: answers come at any moment, not only between commands. */
export function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run()
  else queueMicrotask(() => afterTurns(turns - 1, run))
}
