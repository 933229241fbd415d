import type { FakeClock } from "../../src/testing/index.ts"
import { eventually } from "./eventually.ts"

/** The longest that one question to a store that is being opened may take, by default, in milliseconds. */
const CALL_TIMEOUT = 5_000

/**
 * Waits for an opening that asks again and again, and lets time go on only while it pauses between two questions: what
 * the machine needs for an answer takes no time of this clock.
 *
 * @param startupDeadline that of the opening, in milliseconds, which begins now.
 */
export async function opened<T>(opening: Promise<T>, clock: FakeClock, startupDeadline = 15_000): Promise<T> {
  const until = clock.monotonic() + startupDeadline
  let ended = false
  const end = (): void => {
    ended = true
  }
  opening.then(end, end)
  const pause = (): number | undefined => {
    const [timer, ...others] = clock.pending
    // The timer of a question that is under way has all the time that there is.
    const longest = Math.min(CALL_TIMEOUT, until - clock.monotonic())
    return timer !== undefined && others.length === 0 && timer.dueIn < longest ? timer.dueIn : undefined
  }
  while (!ended) {
    await eventually(() => {
      if (!ended && pause() === undefined) throw new Error("the opening neither pauses nor ends")
    })
    const milliseconds = pause()
    if (!ended && milliseconds !== undefined) await clock.advance(`${Math.ceil(milliseconds)}ms`)
  }
  return await opening
}
