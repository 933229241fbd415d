import type { Reporter, TestModule } from "vitest/node"
import { countCases, reasonsIn, tableOf } from "./count-cases.ts"

/** Ends a run by saying how many cases ran on each backend and server, and why others did not. */
export class CasesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = reasonsIn(modules).map(reason => `skipped: ${reason}`)
    const text = [tableOf(countCases(modules)), ...reasons].filter(part => part !== "").join("\n")
    if (text !== "") process.stdout.write(`\n${text}\n\n`)
  }
}
