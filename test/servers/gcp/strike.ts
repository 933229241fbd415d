import { setTimeout } from "node:timers/promises"
import type { ErrorDetail } from "./error-details.ts"
import { type CodeName, Failure } from "./failure.ts"
import type { Fault } from "./faults.ts"

/**
 * Lets a fault strike: waits, hangs, cuts or fails, as it says.
 *
 * @param cut cuts the connection of the call.
 * @throws Failure if the fault has a code; the signal's reason once the call is over.
 */
export async function strike(fault: Fault, cut: () => void, signal: AbortSignal): Promise<void> {
  if (fault.slowMs !== undefined) await setTimeout(fault.slowMs, undefined, { signal })
  if (fault.heldUntil !== undefined) await Promise.race([fault.heldUntil, over(signal)])
  if (fault.cut) cut()
  if (fault.cut || fault.hang) await over(signal)
  if (fault.code !== undefined) throw failureOf(fault, fault.code)
}

/** Rejects when the call is over, and never before. */
async function over(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })
}

function failureOf({ message, retryDelayMs, reason }: Fault, code: CodeName): Failure {
  const details: ErrorDetail[] = []
  if (reason !== undefined) {
    const metadata = { service: "secretmanager.googleapis.com" }
    details.push({ type: "ErrorInfo", reason, domain: "googleapis.com", metadata })
  }
  if (retryDelayMs !== undefined) {
    const nanos = (retryDelayMs % 1_000) * 1_000_000
    details.push({
      type: "RetryInfo",
      retryDelay: { seconds: String(Math.floor(retryDelayMs / 1_000)), nanos },
    })
  }
  return new Failure(code, message ?? TEXTS[code] ?? `The call failed with ${code}.`, details)
}

/** What a client reads if the test does not say: the first is known from the service's front end. */
const TEXTS: Readonly<Partial<Record<CodeName, string>>> = {
  RESOURCE_EXHAUSTED:
    "Quota exceeded for quota metric 'Access requests' and limit 'Access requests per minute' of service " +
    "'secretmanager.googleapis.com' for consumer 'project_number:104052063718'.",
  UNAVAILABLE: "The service is currently unavailable.",
  INTERNAL: "Internal error encountered.",
  DEADLINE_EXCEEDED: "Deadline expired before operation could complete.",
}
