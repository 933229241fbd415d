import { aborted, type Clock, SecretError } from "../core/index.ts"
import { changesLedger, type StoreCall } from "./call-log.ts"

/** A call that a fault has struck. */
export interface Struck {
  readonly call: StoreCall
  readonly signal: AbortSignal | undefined
}

interface Waiting {
  /** Lets the call go on. */
  go(): void
}

/** Whether a call that waits ends when its signal aborts. */
export interface WaitOptions {
  readonly deaf: boolean
}

/** Where calls wait that hang, are late, or are to overtake each other. */
export interface WaitingRoom {
  readonly size: number
  hang(struck: Struck, options: WaitOptions): Promise<void>
  delay(struck: Struck, milliseconds: number, options: WaitOptions): Promise<void>
  /** Makes a place that lets calls go, newest first, as soon as so many wait in it. */
  group(count: number): (struck: Struck, options: WaitOptions) => Promise<void>
  release(order?: "oldest first" | "newest first"): Promise<void>
}

/** Makes an empty one. */
export function waitingRoom(clock: Clock, location: string): WaitingRoom {
  const waiting = new Set<Waiting>()

  function wait(
    { call, signal }: Struck,
    { deaf }: WaitOptions,
    entered: (one: Waiting) => () => void = () => () => undefined,
  ): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(one)
        left()
        signal?.removeEventListener("abort", end)
      }
      const end = (): void => {
        leave()
        const about = { store: location, secret: call.names.length === 1 ? call.names[0] : undefined }
        reject(
          changesLedger(call) ? new SecretError("ABORTED", { ...about, outcome: "unknown" }) : aborted(about),
        )
      }
      const one: Waiting = {
        go() {
          leave()
          resolve()
        },
      }
      let left: () => void = () => undefined
      if (!deaf && signal?.aborted === true) return end()
      waiting.add(one)
      left = entered(one)
      if (!deaf) signal?.addEventListener("abort", end, { once: true })
    })
  }

  return {
    get size() {
      return waiting.size
    },
    hang: (struck, options) => wait(struck, options),
    delay: (struck, milliseconds, options) =>
      wait(struck, options, one => {
        const timer = clock.timer("waited-for", milliseconds, () => one.go())
        return () => timer.clear()
      }),
    group(count) {
      const members = new Set<Waiting>()
      return (struck, options) =>
        wait(struck, options, one => {
          members.add(one)
          // Not within this call: it has not begun to wait.
          if (members.size === count) queueMicrotask(() => letGo([...members].reverse()))
          return () => void members.delete(one)
        })
    },
    async release(order = "oldest first") {
      const all = [...waiting]
      letGo(order === "oldest first" ? all : all.reverse())
      await new Promise<void>(resolve => setImmediate(resolve))
    },
  }
}

function letGo(calls: readonly Waiting[]): void {
  for (const call of calls) call.go()
}
