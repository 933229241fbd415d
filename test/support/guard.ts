import { formatWithOptions } from "node:util"
import { className, isSecretError } from "../../src/core/index.ts"
import { type Canary, leaksIn } from "./canary.ts"

/** Listens to what a test writes and to what nobody handles. */
export interface OutputGuard {
  /** All that was written so far, to standard output, standard error, the console and as warnings. */
  readonly written: string
  /** What rejected without anybody handling it. */
  readonly unhandled: readonly unknown[]
  /** Stops listening. */
  stop(): void
}

const CONSOLE_METHODS = ["log", "info", "warn", "error", "debug", "trace", "dir", "table"] as const

/**
 * Begins to record what is written and what is not handled.
 *
 * @param passing whether what is written also goes where it was to go. Default: yes.
 */
export function guardOutput(passing: "pass" | "swallow" = "pass"): OutputGuard {
  const pieces: string[] = []
  const unhandled: unknown[] = []
  const undo: (() => void)[] = []

  for (const stream of [process.stdout, process.stderr]) {
    const original = stream.write
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      pieces.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1"))
      return passing === "swallow" || Reflect.apply(original, stream, [chunk, ...rest])
    }
    undo.push(() => {
      stream.write = original
    })
  }
  // The test runner gives each worker a console that does not write to these streams.
  for (const method of CONSOLE_METHODS) {
    const original = console[method]
    console[method] = (...args: unknown[]): void => {
      pieces.push(formatWithOptions({ depth: Number.POSITIVE_INFINITY }, ...args))
      if (passing === "pass") Reflect.apply(original, console, args)
    }
    undo.push(() => {
      console[method] = original
    })
  }
  const onWarning = (warning: Error): void => void pieces.push(`${warning.stack}`)
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  process.on("warning", onWarning).on("unhandledRejection", onUnhandled)
  undo.push(() => process.off("warning", onWarning).off("unhandledRejection", onUnhandled))

  return {
    get written() {
      // Once line by line, once as the reader of a stream gets it, who does not see where one write ends.
      return `${pieces.join("\n")}\n${pieces.join("")}`
    },
    unhandled,
    stop() {
      for (const step of undo.splice(0)) step()
    },
  }
}

/** What was thrown, without its message. */
function kindOf(thrown: unknown): string {
  return isSecretError(thrown) ? `${className(thrown)} ${thrown.code}` : className(thrown)
}

/** What is wrong with what a test wrote, rejected and had its canaries watch: `[]` is what one wants. */
export function findingsOf(guard: OutputGuard, canaries: ReadonlyMap<Canary, readonly unknown[]>): string[] {
  const findings: string[] = []
  if (guard.unhandled.length > 0)
    findings.push(
      `${guard.unhandled.length} rejections were not handled: ${guard.unhandled.map(kindOf).join()}`,
    )
  for (const [canary, watched] of canaries) {
    findings.push(...leaksIn(canary, guard.written).map(leak => `what the test wrote: ${leak}`))
    for (const thing of guard.unhandled)
      findings.push(...leaksIn(canary, thing).map(leak => `an unhandled rejection: ${leak}`))
    for (const [index, thing] of watched.entries())
      findings.push(...leaksIn(canary, thing).map(leak => `watched thing ${index + 1}: ${leak}`))
  }
  return findings
}
