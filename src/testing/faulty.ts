import {
  type Clock,
  type Duration,
  isSecretError,
  parseDuration,
  SecretError,
  type SecretErrorCode,
  type SecretStore,
  type StoredSecret,
  systemClock,
} from "../core/index.ts"
import {
  type CallLog,
  callLog,
  changesLedger,
  OPERATIONS,
  type Operation,
  type StoreCall,
} from "./call-log.ts"
import { type Struck, waitingRoom } from "./waiting-room.ts"
import { wrapStore } from "./wrap-store.ts"

/** Which calls a fault strikes. */
export interface FaultOptions {
  /** Only calls for this name. Default: all. */
  readonly name?: string
  /** Only the first so many calls. Default: all, until the fault ends. */
  readonly times?: number
  /** `x` for a call that is struck, `-` for one that is not, over and over: `"--x"` is every third. Default: `"x"`. */
  readonly pattern?: string
  /**
   * `"before"` the request reaches the store, or `"after"` the store did what was asked, so that only the answer is
   * lost or late. Default: `"before"`.
   */
  readonly when?: "before" | "after"
}

/** A call that hangs ends with `ABORTED` when its signal aborts, unless the store is deaf to signals. */
export interface HangOptions extends FaultOptions {
  readonly deaf?: boolean
}

/** A fault that is in force. */
export interface Fault extends Disposable {
  /** How many calls it struck. */
  readonly struck: number
  /** Strikes no more calls; those that hang go on hanging until they are released. */
  end(): void
}

/** Which operations a fault is for; `"all"` is all but `close`. */
export type Target = Operation | readonly Operation[] | "all"

/**
 * The faults of one store; several can be in force at once. An operation, a code or a pattern that does not exist is
 * `MISCONFIGURED`.
 */
export interface Faults {
  /** Does not answer until `release()`. */
  hang(target: Target, options?: HangOptions): Fault
  /** Answers later, by the clock that `faulty` was given. */
  delay(target: Target, duration: Duration, options?: HangOptions): Fault
  /** Holds the answers of so many calls back, and then gives them in the reverse order. */
  reorder(target: Target, count: number, options?: Omit<HangOptions, "when">): Fault
  /**
   * Fails with an error of this library: a code is enough. With `UNAVAILABLE` and `TIMEOUT` the outcome of what a ledger
   * was to change is unknown, as it is where a request or its answer is lost.
   */
  fail(target: Target, error: SecretError | SecretErrorCode, options?: FaultOptions): Fault
  /** Throws what no store should throw: `null`, a string, an error of somebody else's. */
  throw(target: Target, thrown: unknown, options?: FaultOptions): Fault
  /** Is `UNAVAILABLE` now and then: `"x-"` is every other call. */
  flap(target: Target, pattern: string, options?: Omit<FaultOptions, "pattern">): Fault
  /** Changes what `read` and `readMany` answer for a name; a `SecretError` becomes the answer for it. */
  change(
    change: (answer: StoredSecret, name: string) => StoredSecret | SecretError,
    options?: Omit<FaultOptions, "when">,
  ): Fault
  /** Gives other values under the version that was answered first after this call. */
  repeatVersion(options?: Omit<FaultOptions, "when">): Fault
  /** Gives a hint to whoever watches, although nothing changed. */
  hint(name?: string): void
  /** Ends all watches with an error: those of the store end, too. */
  failWatches(error: SecretError | SecretErrorCode): void
  /** How many calls hang, are delayed or wait to be reordered. */
  readonly waiting: number
  /** Lets the calls that hang go on, oldest first or newest first, and resolves when they have answered. */
  release(order?: "oldest first" | "newest first"): Promise<void>
  /** Ends all faults and releases what hangs. */
  heal(): Promise<void>
}

/** What {@link faulty} adds to a store. */
export interface Faulty {
  readonly faults: Faults
  /** What was asked of the store so far, oldest first; values are not kept. */
  readonly calls: CallLog
}

/**
 * Wraps a store, so that it can be made to fail as stores do on bad days. It has just those optional methods that the
 * store has. Without a fault in force it passes everything through, and keeps the contract that `testStore` checks; with one
 * it breaks it, which is why that suite never puts one in front of the store that it looks at.
 *
 * ```ts
 * const store = faulty(memory())
 * store.faults.hang("read")
 * ```
 *
 * @param options.clock the clock that `delay` waits by. Default: the machine's.
 */
export function faulty<S extends SecretStore>(
  store: S,
  options: { readonly clock?: Clock } = {},
): S & Faulty {
  const clock = options.clock ?? systemClock
  const log = callLog()
  const room = waitingRoom(clock, store.location)
  const rules = new Set<Rule>()
  const watches = new Set<{ hint(name?: string): void; failed(error: SecretError): void }>()

  const add = (target: Target, options: FaultOptions, effect: Effect): Fault => {
    const rule = newRule(target, options, effect)
    rules.add(rule)
    const end = (): void => void rules.delete(rule)
    return {
      get struck() {
        return rule.struck
      },
      end,
      [Symbol.dispose]: end,
    }
  }
  const errorOf = (error: SecretError | SecretErrorCode, call?: StoreCall): SecretError =>
    typeof error === "string"
      ? new SecretError(error, {
          store: store.location,
          secret: call?.names.length === 1 ? call.names[0] : undefined,
          outcome: isLost(error, call) ? "unknown" : undefined,
        })
      : error
  const effectOf = (error: SecretError | SecretErrorCode): Effect => ({
    pause: async ({ call }) => raise(errorOf(error, call)),
  })
  const raise = (thrown: unknown): never => {
    throw thrown
  }
  const waitOptions = ({ deaf = false }: HangOptions): { deaf: boolean } => ({ deaf })

  const faults: Faults = {
    hang: (target, options = {}) =>
      add(target, options, { pause: struck => room.hang(struck, waitOptions(options)) }),
    delay(target, duration, options = {}) {
      const milliseconds = parseDuration(duration, "delay", "allowed")
      return add(target, options, { pause: struck => room.delay(struck, milliseconds, waitOptions(options)) })
    },
    reorder(target, count, options = {}) {
      const group = room.group(count)
      return add(
        target,
        { ...options, when: "after" },
        { pause: struck => group(struck, waitOptions(options)) },
      )
    },
    fail: (target, error, options = {}) => add(target, options, effectOf(knownError(error))),
    throw: (target, thrown, options = {}) => add(target, options, { pause: async () => raise(thrown) }),
    flap: (target, pattern, options = {}) => faults.fail(target, "UNAVAILABLE", { ...options, pattern }),
    change: (change, options = {}) => add(["read", "readMany"], options, { change }),
    repeatVersion(options = {}) {
      const versions = new Map<string, string>()
      return faults.change((answer, name) => {
        const version = versions.get(name) ?? answer.version
        versions.set(name, version)
        return { ...answer, version }
      }, options)
    },
    hint: name => {
      for (const watch of [...watches]) watch.hint(name)
    },
    failWatches(error) {
      const failure = errorOf(knownError(error))
      for (const watch of [...watches]) watch.failed(failure)
    },
    get waiting() {
      return room.size
    },
    release: order => room.release(order),
    async heal() {
      rules.clear()
      await room.release()
    },
  }

  /** Makes one call, struck by what is in force when it begins. */
  async function strike<T>(
    call: StoreCall,
    signal: AbortSignal | undefined,
    ask: () => Promise<T>,
    changed: (answer: T, change: Change) => T = answer => answer,
  ): Promise<T> {
    const done = log.begin(call)
    const due = [...rules].filter(rule => rule.strikes(call))
    const struck: Struck = { call, signal }
    try {
      for (const rule of due) if (rule.when === "before") await rule.effect.pause?.(struck)
      let answer: T | Awaited<T> = await ask()
      for (const { effect, name } of due) {
        const { change } = effect
        if (change === undefined) continue
        answer = changed(answer, (one, of) => (name === undefined || name === of ? change(one, of) : one))
      }
      for (const rule of due) if (rule.when === "after") await rule.effect.pause?.(struck)
      return answer
    } finally {
      done()
    }
  }

  return Object.freeze(Object.assign(wrapStore(store, strike, watches), { faults, calls: log.calls }))
}

/** Whether nobody knows what became of a call of a ledger that failed so. */
function isLost(code: SecretErrorCode, call: StoreCall | undefined): boolean {
  return call !== undefined && changesLedger(call) && (code === "UNAVAILABLE" || code === "TIMEOUT")
}

/** Changes the answer for one name. */
type Change = (answer: StoredSecret, name: string) => StoredSecret | SecretError

interface Effect {
  pause?(struck: Struck): Promise<void>
  change?: Change
}

interface Rule {
  readonly name: string | undefined
  readonly when: "before" | "after"
  readonly effect: Effect
  readonly struck: number
  /** Counts the call, and says whether it is one that is struck. */
  strikes(call: StoreCall): boolean
}

/** A slip in a name would strike nothing, and a test that waits for the fault would be green. */
function refuseUnknownTarget(target: Target): void {
  const asked: readonly unknown[] = [target].flat()
  if (target === "all" || (asked.length > 0 && asked.every(isOperation))) return
  throw new SecretError("MISCONFIGURED", {
    message: "a fault is for an operation that does not exist",
    hint: `the operations are ${OPERATIONS.join(", ")}, and "all" is all but close`,
  })
}

function isOperation(one: unknown): boolean {
  return OPERATIONS.some(operation => operation === one)
}

function knownError(error: SecretError | SecretErrorCode): SecretError | SecretErrorCode {
  if (isSecretError(error) || Object.hasOwn(CODES, error)) return error
  throw new SecretError("MISCONFIGURED", {
    message: "a fault is to fail with a code that does not exist",
    hint: `the codes are ${Object.keys(CODES).join(", ")}; throw() throws what is no SecretError`,
  })
}

// A record, so that the compiler misses a code that is not here.
const CODES: Readonly<Record<SecretErrorCode, true>> = {
  NOT_FOUND: true,
  DENIED: true,
  UNAUTHENTICATED: true,
  DISABLED: true,
  THROTTLED: true,
  UNAVAILABLE: true,
  TIMEOUT: true,
  CONFLICT: true,
  INVALID_NAME: true,
  INVALID_VALUE: true,
  UNSUPPORTED: true,
  STALE: true,
  CLOSED: true,
  ABORTED: true,
  MISCONFIGURED: true,
}

function newRule(target: Target, options: FaultOptions, effect: Effect): Rule {
  const { name, times = Number.POSITIVE_INFINITY, pattern = "x", when = "before" } = options
  if (!/^[x-]*x[x-]*$/.test(pattern)) {
    throw new SecretError("MISCONFIGURED", {
      message: `pattern is not made of "x" and "-", with an "x" in it`,
    })
  }
  refuseUnknownTarget(target)
  let seen = 0
  let struck = 0
  return {
    name,
    when,
    effect,
    get struck() {
      return struck
    },
    strikes(call) {
      if (target === "all" ? call.operation === "close" : ![target].flat().includes(call.operation))
        return false
      if (name !== undefined && !call.names.includes(name)) return false
      const strikes = pattern[seen % pattern.length] === "x" && struck < times
      seen++
      if (strikes) struck++
      return strikes
    },
  }
}
