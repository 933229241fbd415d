import { onTestFinished, vi } from "vitest"
import { type FakeClock, fakeClock } from "../../src/testing/index.ts"

const checked = new Set<FakeClock>()

/** A fake clock that fails the test if a timer is still pending when the test ends. */
export function checkedFakeClock(start?: Date): FakeClock {
  const clock = fakeClock(start)
  checked.add(clock)
  return clock
}

/** The timers that are pending on the clocks made since the last call, as sentences. */
export function takePendingTimers(): string[] {
  const pending = Array.from(checked, clock => clock.pending).flat()
  checked.clear()
  return pending.map(({ kind, dueIn }) => `a ${kind} timer, due in ${dueIn} ms, was left behind`)
}

/**
 * Moves on the monotonic clock of the machine, as what backends see of it, until the test ends. Timers stay where they
 * are: this is for what looks at how long ago something was.
 */
export function laterBy(milliseconds: number): void {
  const now = performance.now.bind(performance)
  const spy = vi.spyOn(performance, "now").mockImplementation(() => now() + milliseconds)
  onTestFinished(() => spy.mockRestore())
}
