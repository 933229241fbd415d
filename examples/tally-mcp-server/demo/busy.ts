import { availableParallelism, loadavg } from "node:os"

/** So many programs that want to run for each processor are too many for a story that is told in milliseconds. */
const TOO_MANY = 2

/**
 * What may be the reason where calls fail: a program that does not get to run within the overlap cannot read the new
 * token in it. Nothing where the machine has time.
 *
 * @param load how many programs wanted to run, over the last minute. Default: what the system says.
 */
export function busyMachine(
  overlapMs: number,
  [load = 0] = loadavg(),
  processors = availableParallelism(),
): string | undefined {
  if (load < TOO_MANY * processors) return undefined
  return (
    `This machine is busy: ${load.toFixed(0)} programs want to run on ${processors} processors. ` +
    `The old token ends ${overlapMs} ms after the write, whether or not the server got to run by then: ` +
    "try again when the others are done."
  )
}
