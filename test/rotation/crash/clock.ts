import type { Clock } from "../../../src/core/index.ts"
import type { Life } from "./life.ts"

/**
 * A clock as a program has it: its timers fire while it goes on. Those of one that stands still fire when it goes on, and
 * those of one that is over never do.
 */
export function clockIn(life: Life, clock: Clock): Clock {
  return {
    monotonic: () => clock.monotonic(),
    wall: () => clock.wall(),
    timer(kind, milliseconds, callback) {
      let isCleared = false
      const fire = async (): Promise<void> => {
        await life.awake()
        if (!isCleared) callback()
      }
      const timer = clock.timer(kind, milliseconds, () => void fire())
      return {
        clear() {
          isCleared = true
          timer.clear()
        },
      }
    },
  }
}
