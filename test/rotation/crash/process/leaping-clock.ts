import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { type Clock, systemClock } from "../../../../src/core/index.ts"

/** The clock of the machine as several processes have it, which can be put forward for all of them at once. */
export interface LeapingClock extends Clock {
  /** The file by which other processes have the same clock. */
  readonly file: string
  /** Puts it forward, in milliseconds. A process that stands still has it too, when it goes on. */
  leap(milliseconds: number): void
  close(): void
}

/** Makes one. */
export function newLeapingClock(): LeapingClock {
  const file = join(mkdtempSync(join(tmpdir(), "latchkey-clock-")), "ahead")
  let ahead = 0
  writeFileSync(file, "0")
  return {
    ...leapingClockAt(file),
    file,
    leap(milliseconds) {
      ahead += milliseconds
      // In one write of a few bytes, which nobody reads half of.
      writeFileSync(file, String(ahead).padEnd(20))
    },
    close: () => rmSync(dirname(file), { recursive: true }),
  }
}

/** The same clock, in another process. Its timers are those of the machine: they know of no leap. */
export function leapingClockAt(file: string): Clock {
  const ahead = (): number => Number(readFileSync(file, "utf8"))
  return {
    monotonic: () => systemClock.monotonic() + ahead(),
    wall: () => systemClock.wall() + ahead(),
    timer: (kind, milliseconds, callback) => systemClock.timer(kind, milliseconds, callback),
  }
}
