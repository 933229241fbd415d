import type { z } from "zod"
import { refuseUnknownOptions, SecretError } from "../core/index.ts"
import { ConfigError } from "./config-error.ts"
import { refuseForeign } from "./fields.ts"
import { Findings } from "./findings.ts"
import { deepFreeze } from "./freeze.ts"
import { type Input, inputOf } from "./input.ts"
import type { Schema } from "./mark.ts"
import type { Planned } from "./plan.ts"
import { type Reading, readAll, type Settings } from "./read.ts"
import { refusalByIssues, threw } from "./refusal.ts"
import { problemsOf } from "./report.ts"
import { acceptsNothing, type Outcome, run } from "./run-schema.ts"
import type { SecretsReader } from "./secrets-reader.ts"
import { planOf } from "./walk.ts"

/** Where a configuration comes from. */
export interface LoadOptions {
  /** The secrets; they stay open, and keep the handles of the configuration fresh. */
  readonly secrets: SecretsReader
  /**
   * The settings. Default: `process.env`. A `.env` file is not among them, because whoever can write a base URL gets
   * the token that is sent there; `readDotenv(path)` is there for those who want it.
   */
  readonly settings?: Settings | undefined
}

/**
 * Reads a whole configuration: all secrets in one round, all settings, and then the schema once over everything.
 *
 * Plain objects and arrays of the result are frozen, all the way down. Its secrets are live: they show new versions
 * as they are accepted, and one that its schema refuses is not accepted.
 *
 * @throws ConfigError with everything that is wrong. It shows no value, whatever the schema's own messages do.
 * @throws SecretError `MISCONFIGURED` for options that are none, or a schema that is not one of zod 4.
 */
export async function loadConfig<S extends Schema>(schema: S, options: LoadOptions): Promise<z.output<S>> {
  refuseUnknownOptions("loadConfig()", options, ["secrets", "settings"])
  refuseForeign("loadConfig()", schema)
  const { secrets, settings = process.env } = options
  if (typeof secrets?.getManySettled !== "function") {
    throw new SecretError("MISCONFIGURED", {
      message: "loadConfig() was given no secrets",
      hint: "write loadConfig(schema, { secrets: await openSecrets() })",
    })
  }

  const planned = planOf(schema)
  const reading = await readAll(planned.fields, secrets, settings)
  const input = inputOf(planned.plan, reading.values)
  const outcome = await run(schema, input.value)
  const findings = new Findings(planned, reading, input.reached)
  await explain(outcome, findings, planned, reading, input)
  const found = findings.all()
  if ("output" in outcome && found.length === 0) return deepFreeze(outcome.output as z.output<S>)

  throw new ConfigError(
    await problemsOf(found, { store: secrets.store, settings, given: options.settings, reading }),
  )
}

/** Adds what came of running the schema. */
async function explain(
  outcome: Outcome,
  findings: Findings,
  planned: Planned,
  reading: Reading,
  input: Input,
): Promise<void> {
  if ("issues" in outcome) findings.issues(outcome.issues)
  if (!("threw" in outcome)) return
  // An exception ends the run with whatever it had found so far: each field is asked alone.
  for (const field of planned.fields) {
    if (!input.reached.has(field)) continue
    if (!reading.values.has(field)) {
      if (field.required && !field.schemas.some(acceptsNothing)) findings.missing(field)
    } else if (field.mark.kind === "setting") {
      const alone = await Promise.all(field.schemas.map(schema => run(schema, reading.values.get(field))))
      const [first] = alone
      if (first === undefined || alone.some(each => "output" in each)) continue
      findings.refused(
        field,
        "threw" in first
          ? threw(first.threw)
          : refusalByIssues("issues" in first ? first.issues : [], field.schemas),
      )
    }
  }
  if (findings.all().length === 0) findings.unmet([], `a check or a transform of it threw a ${outcome.threw}`)
}
