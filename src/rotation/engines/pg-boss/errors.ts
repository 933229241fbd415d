import {
  className,
  isNetworkCode,
  isSecretError,
  misconfigured,
  printable,
  SecretError,
} from "../../../core/index.ts"
import type { RotationOutcome } from "../../status/report.ts"

/** What the queue could not do: nothing of what it or PostgreSQL wrote is kept, for that quotes statements. */
export function queueError(thrown: unknown, doing: string): SecretError {
  if (isSecretError(thrown)) return thrown
  const code = codeOf(thrown)
  const store = "pg-boss"
  // It asserts what it is given before it asks the database.
  if (code === "ERR_ASSERTION") {
    return new SecretError("MISCONFIGURED", {
      store,
      message: `the job queue refuses ${doing}`,
      hint: "see queue and cron: pg-boss has rules of its own for both",
    })
  }
  const known = code !== undefined && (isNetworkCode(code) || /^[0-9A-Z]{5}$/.test(code)) ? code : undefined
  return new SecretError("UNAVAILABLE", {
    store,
    message: `the job queue failed at ${doing} (${known ?? className(thrown)})`,
    hint: "see whether PostgreSQL is up, and whether boss.start() was awaited",
  })
}

/** Somebody made the queue otherwise. */
export function wrongPolicy(queue: string): SecretError {
  return misconfigured(
    `the queue ${printable(queue)} is there already, and has not the policy "exclusive"`,
    'name another one in queue, or make it anew with boss.createQueue(name, { policy: "exclusive" }): no other policy keeps jobs for the same secret from piling up',
  )
}

/** A job that none of ours could have made. */
export function foreignJob(queue: string): SecretError {
  return misconfigured(
    `a job in the queue ${printable(queue)} says no secret to look at`,
    "let nobody else put jobs into this queue",
  )
}

/** What a job fails with, for the queue to try it again; `undefined` where it did what could be done. */
export function failureOf({ name, happened, problem }: RotationOutcome): SecretError | undefined {
  if (happened !== "failed" && happened !== "blocked") return undefined
  if (problem?.error !== undefined) return problem.error
  return new SecretError(happened === "blocked" ? "CONFLICT" : "UNAVAILABLE", {
    secret: name,
    message: problem?.message,
    hint: problem?.command === undefined ? problem?.hint : `${problem.hint}: ${problem.command}`,
  })
}

function codeOf(thrown: unknown): string | undefined {
  try {
    const { code } = (thrown ?? {}) as { readonly code?: unknown }
    return typeof code === "string" ? code : undefined
  } catch {
    return undefined
  }
}
