import { ConfigError } from "./config-error.ts"
import { Findings } from "./findings.ts"
import type { Input } from "./input.ts"
import type { Flaw, Planned } from "./plan.ts"
import { problemsOf, type ReportSources } from "./report.ts"
import type { Outcome } from "./run-schema.ts"

/** What is known of a configuration that cannot be used. */
export interface Failure {
  readonly planned: Planned
  readonly flaws: readonly Flaw[]
  readonly input: Input
  readonly outcome: Outcome
}

/** Works out all that is wrong. */
export async function configErrorOf(failure: Failure, sources: ReportSources): Promise<ConfigError> {
  const { planned, flaws, input, outcome } = failure
  const findings = new Findings(planned, sources.reading, input.reached)
  for (const flaw of flaws) findings.flaw(flaw)
  findings.failures()
  if ("issues" in outcome) findings.issues(outcome.issues)
  if ("threw" in outcome) await findings.each(outcome.threw)
  return new ConfigError(await problemsOf(findings.all(), sources))
}
