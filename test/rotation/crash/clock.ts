import type { Clock } from "../../../src/core/index.ts"
import type { Life } from "./life.ts"

/**
 * A clock as a program has it: its timers fire while it goes on. Those of one that stands still fire when it goes on, or,
 * if others come first, with the next step of the clock; those of one that is over never do.
 */
export function clockIn(life: Life, clock: Clock): Clock {
  return {
    monotonic: () => clock.monotonic(),
    wall: () => clock.wall(),
    timer(kind, milliseconds, callback) {
      let isCleared = false
      let timer = clock.timer(kind, milliseconds, () => void fire())
      const fire = async (): Promise<void> => {
        const wasStill = life.standsStill
        await life.awake()
        if (isCleared) return
        if (wasStill && !life.hearsTimersFirst) timer = clock.timer(kind, 0, () => void fire())
        else callback()
      }
      return {
        clear() {
          isCleared = true
          timer.clear()
        },
      }
    },
  }
}
