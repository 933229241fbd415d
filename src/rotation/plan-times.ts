import { type Duration, parseDuration } from "../core/index.ts"
import type { Consumers, RotationPlan, StepDeadlines } from "./plan.ts"

/** {@link StepDeadlines} in milliseconds, complete. */
export type Deadlines = Readonly<Record<keyof StepDeadlines, number>>

const DEFAULT_DEADLINES: Readonly<Record<keyof StepDeadlines, Duration>> = {
  make: "30s",
  apply: "30s",
  verify: "60s",
  revoke: "30s",
  list: "30s",
}

/** The names of the steps that have a deadline. */
export const STEPS = Object.keys(DEFAULT_DEADLINES) as readonly (keyof StepDeadlines)[]

/** {@link Consumers} in milliseconds. */
export type ConsumersInMilliseconds = Readonly<Record<keyof Consumers, number>>

/** @throws SecretError `MISCONFIGURED` for what is no duration, and for a `ttl` or `callTimeout` of zero. */
export function consumersOf({ consumers }: Pick<RotationPlan, "consumers">): ConsumersInMilliseconds {
  return {
    ttl: parseDuration(consumers.ttl, "consumers.ttl"),
    maxStale: parseDuration(consumers.maxStale, "consumers.maxStale", "allowed"),
    callTimeout: parseDuration(consumers.callTimeout, "consumers.callTimeout"),
    tokenLifetime: parseDuration(consumers.tokenLifetime, "consumers.tokenLifetime", "allowed"),
  }
}

/**
 * The shortest grace that harms nobody, in milliseconds: 1.1 × `ttl` + `maxStale` + `callTimeout` + `tokenLifetime`.
 * A reader asks again after its ttl and the jitter of 10 %, may find the store down, then begins a last call, and what
 * was issued under the key lives on.
 */
export function leastGraceOf(plan: Pick<RotationPlan, "consumers">): number {
  const { callTimeout, tokenLifetime } = consumersOf(plan)
  return leastPropagationOf(plan) + callTimeout + tokenLifetime
}

/** How long the old credential works after the new one is promoted, in milliseconds. */
export function graceOf(plan: Pick<RotationPlan, "consumers" | "grace">): number {
  return plan.grace === undefined ? leastGraceOf(plan) : parseDuration(plan.grace, "grace")
}

/** The shortest time after which every reader has seen what was published, in milliseconds: 1.1 × `ttl` + `maxStale`. */
export function leastPropagationOf(plan: Pick<RotationPlan, "consumers">): number {
  const { ttl, maxStale } = consumersOf(plan)
  return Math.ceil((ttl * 11) / 10) + maxStale
}

/** How long a published set waits until its new key is used, in milliseconds; 0 for a plan that publishes nothing. */
export function propagationOf(plan: RotationPlan): number {
  if (plan.kind !== "generated" || plan.publish === undefined) return 0
  return plan.propagation === undefined
    ? leastPropagationOf(plan)
    : parseDuration(plan.propagation, "propagation")
}

/** How long each step of a plan may take, in milliseconds. */
export function deadlinesOf({ deadlines = {} }: Pick<RotationPlan, "deadlines">): Deadlines {
  const entries = STEPS.map(step => [
    step,
    parseDuration(deadlines[step] ?? DEFAULT_DEADLINES[step], `deadlines.${step}`),
  ])
  return Object.fromEntries(entries) as Deadlines
}

/** For how long the far side is asked again where the plan says nothing, in milliseconds. */
const DEFAULT_SETTLING = 5_000

/** How long what the far side says does not count yet where it is not what one hopes for, in milliseconds. */
export function settlingOf(plan: Pick<RotationPlan, "deadlines" | "settling">): number {
  return plan.settling === undefined
    ? Math.min(DEFAULT_SETTLING, deadlinesOf(plan).verify / 2)
    : parseDuration(plan.settling, "settling", "allowed")
}

const UNITS: readonly (readonly ["d" | "h" | "m" | "s", number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
]

/** A length as a duration that can be written into a plan: exactly it, in the largest unit that needs no fraction. */
export function durationText(milliseconds: number): Duration {
  const [unit, size] = UNITS.find(([, each]) => milliseconds >= each && milliseconds % each === 0) ?? [
    "ms",
    1,
  ]
  return `${milliseconds / size}${unit}`
}
