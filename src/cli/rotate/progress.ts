import { printable } from "../../core/index.ts"
import type { RotationEvent, RotationStep } from "../../rotation/index.ts"
import { type Paint, writeLine } from "../streams.ts"
import { span } from "./times.ts"

/** What each step is called while a person looks on. Those that only look are not told. */
const STEPS: Readonly<Partial<Record<RotationStep, string>>> = {
  check: "checked what the store can do",
  create: "made a new value",
  mint: "had a new credential made",
  park: "kept it in the store",
  apply: "made the far side accept it",
  verify: "asked the far side whether it works",
  promote: "made it the current value",
  revoke: "ended a credential at the far side",
  verifyOld: "asked the far side whether the old one is dead",
  discard: "removed what was kept",
}

/**
 * Tells what happens, a line for each step that does something.
 *
 * @param stays whether the command stays. Then what ends a look at a secret is told as well, once for as long as it is so;
 * a command that ends tells it as the outcome.
 */
export function progressOn(
  stream: NodeJS.WritableStream,
  paint: Paint,
  stays: boolean,
): (event: RotationEvent) => void {
  const told = new Map<string, string>()
  return event => {
    const { name } = event
    const line = lineOf(event, paint)
    const ending = stays ? endingOf(event, paint) : undefined
    if (line !== undefined) told.delete(name)
    if (ending !== undefined && told.get(name) === ending) return
    if (ending !== undefined) told.set(name, ending)
    const shown = line ?? ending
    if (shown !== undefined) writeLine(stream, `${paint("dim", printable(name))}  ${shown}`)
  }
}

function lineOf(event: RotationEvent, paint: Paint): string | undefined {
  switch (event.type) {
    case "step": {
      const what = STEPS[event.step]
      return what === undefined ? undefined : `${what} ${paint("dim", `(${span(event.took)})`)}`
    }
    case "moved":
      return paint("bold", event.to)
    case "failed": {
      const { plainMessage, hint } = event.error
      return paint("red", `${event.step ?? "this"} failed: ${withHint(plainMessage, hint)}`)
    }
    case "lost":
      return paint("yellow", "another process was faster")
    case "notice":
      return paint("yellow", NOTICES[event.notice.about])
    case "waiting":
    case "held":
    case "blocked":
    case "still-accepted":
    case "awaits":
      return undefined
  }
}

function endingOf(event: RotationEvent, paint: Paint): string | undefined {
  switch (event.type) {
    case "waiting":
      return `waits until ${event.until.toISOString()}`
    case "held":
      return "held by another process"
    case "blocked":
      return paint("red", `blocked (${event.reason}): a person has to look, as latchkey rotate --status says`)
    case "still-accepted":
      return paint("yellow", "the far side still accepts the old credential")
    case "awaits":
      return paint("yellow", `waits for a person: ${printable(event.what)}`)
    default:
      return undefined
  }
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}; ${hint}`
}

const NOTICES: Readonly<Record<Extract<RotationEvent, { type: "notice" }>["notice"]["about"], string>> = {
  "orphans-left":
    "there are credentials at the far side that nobody uses; see which they are, and end them by hand",
  "orphan-revoked": "a credential that nobody used was ended at the far side",
  "old-left-to-person":
    "the old credential was not made here, or cannot be told from others: end it at the far side",
  "new-left-to-person": "the new credential may be in use: see whether it is, and end it by hand if not",
  repaired: "an older value had come back by a late write; the current one was put back",
  "rollback-refused": "the far side refuses the former credential: the new one stays",
  "candidate-refused": "the far side refused the new credential",
}
