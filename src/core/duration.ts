import { SecretError } from "./error.ts"

/** The units a {@link Duration} can have: milliseconds, seconds, minutes, hours, days. */
export type DurationUnit = "ms" | "s" | "m" | "h" | "d"

/**
 * A span of time as a number and a unit: `"250ms"`, `"30s"`, `"1.5h"`, `"60d"`.
 * A bare number does not type-check, because nobody can see whether it means seconds or milliseconds.
 */
export type Duration = `${number}${DurationUnit}`

const MILLISECONDS: Record<DurationUnit, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/**
 * The length of a duration in whole milliseconds.
 *
 * Digits, an optional decimal part and a unit, nothing else: no sign, no exponent, no space, because
 * `"1e3s"` and `"5 m"` are far more often a slip than a wish.
 *
 * @param option what the duration is for; it stands in the message.
 * @param zero whether a length of zero means something here. Default: it is refused.
 * @throws SecretError `MISCONFIGURED` with the form that is expected.
 */
export function parseDuration(
  duration: Duration,
  option = "duration",
  zero: "allowed" | "refused" = "refused",
): number {
  const parts = typeof duration === "string" ? FORM.exec(duration) : null
  if (parts === null) {
    throw misconfigured(
      option,
      `is not a duration`,
      `write a number and one of ms, s, m, h, d: "30s", "5m", "24h"`,
    )
  }
  const length = Math.round(Number(parts[1]) * MILLISECONDS[parts[2] as DurationUnit])
  if (!Number.isSafeInteger(length)) {
    throw misconfigured(option, "is longer than can be counted in milliseconds", "write a shorter duration")
  }
  if (length === 0 && zero === "refused") {
    throw misconfigured(option, "is zero", "write a duration of at least 1ms")
  }
  return length
}

function misconfigured(option: string, problem: string, hint: string): SecretError {
  return new SecretError("MISCONFIGURED", { message: `${option} ${problem}`, hint })
}
