import type { WriteStream } from "node:tty"

/** Where progress is shown. */
export type Output = Pick<WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number }

/** Shows how far one thing after another has come. */
export interface Progress {
  /** What is going on now; the same again is shown in the same line. */
  doing(what: string, how: string): void
  /** The last word on something. */
  done(what: string, how: string): void
}

/** One live line on a terminal; elsewhere a line from time to time. @param every milliseconds between two of those. */
export function showProgress(output: Output, every = 10_000): Progress {
  const live = output.isTTY === true
  const began = performance.now()
  let shown = Number.NEGATIVE_INFINITY
  const line = (what: string, how: string): string => {
    const seconds = Math.round((performance.now() - began) / 1_000)
    return `${what.padEnd(34)} ${how} (${Math.floor(seconds / 60)} min ${seconds % 60} s)`
  }
  return {
    doing(what, how) {
      if (live) output.write(`\r\x1b[K${line(what, how).slice(0, (output.columns || 80) - 1)}`)
      else if (performance.now() - shown > every) {
        shown = performance.now()
        output.write(`${line(what, how)}\n`)
      }
    },
    done(what, how) {
      output.write(`${live ? "\r\x1b[K" : ""}${line(what, how)}\n`)
    },
  }
}
