import { closeSync, openSync, readSync, writeSync } from "node:fs"
import { type Clock, systemClock, type Timer } from "../../../src/core/index.ts"

/** As many bytes as a number takes in the file that tells how far time has leapt. */
const SIZE = 8

/**
 * The machine's clock, which leaps for several processes at once: how far it has leapt stands in a file that each of them
 * reads whenever it looks at the time. One that was stopped meanwhile finds, when it goes on, what a program finds that was
 * stopped for so long: both readings have moved on, and its timers are late.
 */
export class LeapingClock implements Clock {
  readonly #file: number
  readonly #bytes: Buffer = Buffer.alloc(SIZE)
  readonly #timers = new Set<() => void>()

  /** @param path of the file, which {@link newTime} has made. */
  constructor(path: string) {
    this.#file = openSync(path, "r")
  }

  monotonic(): number {
    return performance.now() + this.#leapt()
  }

  wall(): number {
    return Date.now() + this.#leapt()
  }

  timer(kind: "waited-for" | "background", milliseconds: number, callback: () => void): Timer {
    const due = this.monotonic() + Math.max(0, milliseconds)
    const fire = (): void => {
      this.#timers.delete(armAgain)
      callback()
    }
    const arm = (): Timer => systemClock.timer(kind, due - this.monotonic(), fire)
    let timer = arm()
    const armAgain = (): void => {
      timer.clear()
      timer = arm()
    }
    this.#timers.add(armAgain)
    return {
      clear: () => {
        this.#timers.delete(armAgain)
        timer.clear()
      },
    }
  }

  /** Timers take a leap into account from now on: to be called after each one. */
  hear(): void {
    for (const armAgain of [...this.#timers]) armAgain()
  }

  close(): void {
    closeSync(this.#file)
  }

  #leapt(): number {
    readSync(this.#file, this.#bytes, 0, SIZE, 0)
    return this.#bytes.readDoubleLE(0)
  }
}

/** Makes the file of a {@link LeapingClock}, which has not leapt yet. */
export function newTime(path: string): { leap(milliseconds: number): void; close(): void } {
  const file = openSync(path, "wx", 0o600)
  let leapt = 0
  const write = (): void => {
    const bytes = Buffer.alloc(SIZE)
    bytes.writeDoubleLE(leapt)
    writeSync(file, bytes, 0, SIZE, 0)
  }
  write()
  return {
    leap(milliseconds) {
      leapt += milliseconds
      write()
    },
    close: () => closeSync(file),
  }
}
