import type { SecretErrorCode } from "../core/index.ts"

/** One thing that is wrong with a configuration. Nothing in it is, or was made of, a value. */
export interface ConfigProblem {
  /** Where in the configuration: `"tally.apiToken"`; empty for the whole of it. */
  readonly path: string
  /** The secret or the variable that should fill the place: `"tally/api-token"`, `"PORT"`. */
  readonly name?: string
  /** Where that was looked for: `"TALLY__API_TOKEN in dotenv:.env"`, `"PORT in the environment"`. */
  readonly source?: string
  /**
   * `NOT_FOUND` for what is missing, `INVALID_VALUE` for what is refused, `MISCONFIGURED` for a schema that can never
   * be satisfied, else what the store said.
   */
  readonly code: SecretErrorCode
  /** What is wrong: `"there is no such secret"`. */
  readonly problem: string
  /** What the schema asks for: `"a whole number that is at least 0"`. */
  readonly expected?: string
  /** What to do next, in one line. */
  readonly hint?: string
}

/** All that is wrong with a configuration, in one message that can be shown to anybody. */
export class ConfigError extends Error {
  /** In the order of the schema. Not enumerable, because all of it stands in the message. */
  declare readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(messageOf(problems))
    Object.defineProperty(this, "name", { value: "ConfigError", enumerable: false, configurable: true })
    Object.defineProperty(this, "problems", {
      value: Object.freeze(problems.map(problem => Object.freeze({ ...problem }))),
      enumerable: false,
    })
  }
}

function messageOf(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "one thing is" : `${problems.length} things are`
  return [`${count} wrong with the configuration`, ...problems.map(paragraph), ""].join("\n")
}

function paragraph({ path, code, problem, source, expected, hint }: ConfigProblem): string {
  const rows = Object.entries({ source, expected, hint }).filter(([, text]) => text !== undefined)
  return [
    `\n  ${path === "" ? "the whole of it" : path}: ${problem} (${code})`,
    ...rows.map(([label, text]) => `    ${label.padEnd(8)}  ${text}`),
  ].join("\n")
}
