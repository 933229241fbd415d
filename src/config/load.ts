import type { z } from "zod"
import { refuseUnknownOptions, SecretError } from "../core/index.ts"
import { configErrorOf } from "./diagnose.ts"
import { refuseForeign } from "./fields.ts"
import { deepFreeze } from "./freeze.ts"
import { inputOf } from "./input.ts"
import type { Schema } from "./mark.ts"
import { readAll, type Settings } from "./read.ts"
import { run } from "./run-schema.ts"
import type { SecretsReader } from "./secrets-reader.ts"
import { unfilled } from "./unfilled.ts"
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
  const flaws = [...planned.flaws, ...(await unfilled(planned))]
  const failed = [...reading.failures.keys()].some(field => input.reached.has(field))
  if ("output" in outcome && flaws.length === 0 && !failed) return deepFreeze(outcome.output as z.output<S>)

  const sources = { secrets, store: secrets.store, settings, given: options.settings, reading }
  throw await configErrorOf({ planned, flaws, input, outcome }, sources)
}
