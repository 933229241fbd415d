import { beforeEach, onTestFinished } from "vitest"
import { takeRegistered } from "./canary.ts"
import { takePendingTimers } from "./clock.ts"
import { findingsOf, guardOutput } from "./guard.ts"

// Kept from before any test puts fake timers in their place.
const { setImmediate } = globalThis

beforeEach(() => {
  const guard = guardOutput()
  // Handlers of this kind run last registered first, so this one sees what all the others did.
  onTestFinished(async () => {
    // Node tells of an unhandled rejection after the promise jobs of a turn.
    await new Promise<void>(resolve => setImmediate(resolve))
    guard.stop()
    const findings = [...findingsOf(guard, takeRegistered()), ...takePendingTimers()]
    if (findings.length > 0) throw new Error(`the test left behind:\n  ${findings.slice(0, 20).join("\n  ")}`)
  })
})
