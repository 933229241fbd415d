import type { Reporter, TestModule } from "vitest/node"
import { countCases, tableOf } from "./count-cases.ts"

/** Ends a run by saying how many cases ran on each backend and server. */
export class CasesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const table = tableOf(countCases(modules))
    if (table !== "") process.stdout.write(`\n${table}\n\n`)
  }
}
