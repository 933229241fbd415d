import type { WriteStream } from "node:tty"
import type { ServerName } from "./types.ts"

/** Where progress is shown. */
export type Output = Pick<WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number }

/** Shows what goes on with each server, and for how long. */
export interface Progress {
  doing(name: ServerName, what: string): void
  /** The last word on a server. */
  done(name: ServerName, how: string): void
  stop(): void
}

/** How to show it. */
export interface ProgressOptions {
  readonly output: Output
  /** Milliseconds between two lines where the output is no terminal. Default: 10,000. */
  readonly every?: number
}

/** One live line per server on a terminal; elsewhere a line per server from time to time. */
export function showProgress({ output, every = 10_000 }: ProgressOptions): Progress {
  const began = performance.now()
  const going = new Map<ServerName, string>()
  const live = output.isTTY === true
  let drawn = 0

  function line(name: ServerName, what: string): string {
    const text = `${name.padEnd(10)} ${what} (${spent(performance.now() - began)})`
    return live ? text.slice(0, (output.columns || 80) - 1) : text
  }
  function clear(): string {
    const up = drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`
    drawn = 0
    return up
  }
  function draw(): void {
    const lines = [...going].map(([name, what]) => `${line(name, what)}\n`)
    if (live || lines.length > 0) output.write(clear() + lines.join(""))
    drawn = live ? lines.length : 0
  }
  const timer = setInterval(draw, live ? 250 : every)

  return {
    doing(name, what) {
      going.set(name, what)
    },
    done(name, how) {
      going.delete(name)
      output.write(`${clear()}${line(name, how)}\n`)
      if (live) draw()
    },
    stop() {
      clearInterval(timer)
      if (live) output.write(clear())
    },
  }
}

/** `"4 s"`, `"3 min 20 s"`. */
export function spent(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
