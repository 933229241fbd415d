import { foreignJob } from "./errors.ts"

/** What a job says. Names, and never a value: jobs are kept in tables, and shown on dashboards. */
export type Job =
  /** Every secret is to be looked at. */
  | { readonly round: true }
  /** This one is to be looked at. */
  | { readonly secret: string }

/** The job that makes the jobs of a round. */
export const ROUND = { data: { round: true }, key: "round" } as const

/** The job of a round that looks at one secret. */
export function lookOf(secret: string): { readonly data: Job; readonly key: string } {
  return { data: { secret }, key: `look:${secret}` }
}

/**
 * The jobs that look at a secret when something is due for it. Two, because a job cannot put off itself: while it is
 * worked on, its key is taken.
 */
export function nextLooksOf(secret: string): readonly { readonly data: Job; readonly key: string }[] {
  return [1, 2].map(turn => ({ data: { secret }, key: `next:${secret}:${turn}` }))
}

/** @throws SecretError `MISCONFIGURED` */
export function readJob(queue: string, data: unknown): Job {
  const { round, secret } = (data ?? {}) as { readonly round?: unknown; readonly secret?: unknown }
  if (round === true) return { round }
  if (typeof secret === "string") return { secret }
  throw foreignJob(queue)
}
