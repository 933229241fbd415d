import { spawn } from "node:child_process"
import { delimiter, join } from "node:path"
import { root } from "./project.ts"

/** How a command ended, with everything that it printed in the order in which it came. */
export interface Outcome {
  readonly code: number
  readonly output: string
}

/** What a command may be told. */
export interface CommandOptions {
  /** Default: the folder of the project. */
  readonly folder?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A command that did not do what it should; its message is what the command printed. */
export class CommandFailed extends Error {
  constructor(line: string, outcome: Outcome) {
    super(`${line} ended with ${outcome.code}\n${outcome.output.trimEnd()}`)
    this.name = "CommandFailed"
  }
}

/** Runs a command to its end, whatever the end is. Tools of the project are found by their names. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.folder ?? root,
      env: { ...cleanEnvironment(), ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    })
    const chunks: Buffer[] = []
    child.stdout.on("data", chunk => chunks.push(chunk))
    child.stderr.on("data", chunk => chunks.push(chunk))
    child.once("error", reject)
    child.once("close", code => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }))
  })
}

/** Runs a command and gives back what it printed. @throws CommandFailed unless it ended with 0 */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const outcome = await runToEnd(command, args, options)
  if (outcome.code !== 0) throw new CommandFailed([command, ...args].join(" "), outcome)
  return outcome.output
}

/**
 * The environment without what npm tells its scripts about this project, so that an npm that is started for another
 * folder works there and nowhere else.
 */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:npm_(?:package|lifecycle|command|config_local_prefix)|INIT_CWD|NODE_OPTIONS)/.test(name),
  )
  const path = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path, NO_COLOR: "1", FORCE_COLOR: "0" }
}
