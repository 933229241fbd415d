import { Command } from "commander"
import { isSecretError, printable, type SecretError, untilAborted } from "../../core/index.ts"
import { findConfig, loadConfig } from "../config.ts"
import { EXIT, EXIT_TEXTS, type ExitCode } from "../exit-codes.ts"
import { documentText, type ErrorInJson, errorInJson } from "../rotate/json.ts"
import { Limit } from "../rotate/limit.ts"
import { checkKnown, perform } from "../rotate/perform.ts"
import { severalLines } from "../rotate/render.ts"
import { within } from "../rotate/session.ts"
import { GivenToken } from "../rotate/token-input.ts"
import { type RotateFlags, type Task, taskOf } from "../rotate/wish.ts"
import { paintFor, type Streams, writeLine } from "../streams.ts"
import { UsageError } from "../usage-error.ts"

/** What a command was started with, and with which number it ends. */
export interface Running {
  readonly streams: Streams
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal
  ended(code: ExitCode): void
}

const EXAMPLES = `
Examples:
  latchkey rotate                              rotate what is due, go on with what was begun (for a CronJob)
  latchkey rotate auth/session-key             rotate this one now
  latchkey rotate auth/session-key --dry-run   say what would happen, and what it needs to be allowed
  latchkey rotate --status                     how every rotation is, and what helps
  latchkey rotate tally/api-token --token-stdin < new-token
  latchkey rotate --watch                      keep to the schedules until it is stopped`

/** `latchkey rotate`. */
export function rotateCommand(running: Running): Command {
  return new Command("rotate")
    .summary("rotate secrets: now, when they are due, or on their schedules")
    .description(
      "Rotates the secrets that latchkey.config.ts describes. With a name, that one, now; without one, all that are due.\n" +
        "A run that is stopped at any point loses nothing: a later one goes on where it was.",
    )
    .argument("[name]", "the secret, as in auth/session-key")
    .option("-c, --config <file>", "the configuration; default: latchkey.config.ts here or in a folder above")
    .option("--status", "say how the rotations are, and what helps; changes nothing")
    .option("--dry-run", "say what would happen and what it needs to be allowed; changes nothing")
    .option("--compromised", "somebody knows the credential in use: without grace")
    .option("--rollback", "go back to the value before, as long as it is not retired")
    .option("--resume", "go on with what is blocked: a person has looked")
    .option("--force", "with --resume: take it from a process that is known to be gone")
    .option("--abort", "take back what was begun, or let go of what is blocked")
    .option("--impatient", "do not wait for the pause after an attempt that was given up")
    .option("--token-file <file>", "the new token, where a person makes it")
    .option("--token-stdin", "the same, from standard input; asked for at a terminal")
    .option("--wait", "wait for whoever holds it, and for the end of the grace: until the old one is retired")
    .option("--watch", "stay, and rotate everything on its schedule")
    .option("--timeout <duration>", "stop after so long, as in 10m; a later run goes on")
    .option("--json", "print one JSON document; with --watch one line for each event")
    .option("-q, --quiet", "print no progress")
    .option("--no-color", "no colours, as with NO_COLOR")
    .addHelpText("after", `${EXAMPLES}\n\nExit codes:\n${exitCodes()}`)
    .action(async (name: string | undefined, flags: RotateFlags) => await rotate(name, flags, running))
}

function exitCodes(): string {
  return Object.entries(EXIT_TEXTS)
    .map(([code, text]) => `  ${code}  ${text}`)
    .join("\n")
}

async function rotate(name: string | undefined, flags: RotateFlags, running: Running): Promise<void> {
  const { streams, signal } = running
  try {
    const task = taskOf(name, flags)
    using limit = new Limit(signal, flags.timeout)
    try {
      running.ended(await work(task, flags, limit, streams))
    } catch (thrown) {
      const { reason } = limit
      if (reason === undefined) throw thrown
      tell(reason, EXIT.stopped, flags, streams)
      running.ended(EXIT.stopped)
    }
  } catch (thrown) {
    if (!(thrown instanceof UsageError) && !isSecretError(thrown)) throw thrown
    const exitCode = exitCodeOfError(thrown)
    tell(thrown, exitCode, flags, streams)
    running.ended(exitCode)
  }
}

async function work(task: Task, flags: RotateFlags, limit: Limit, streams: Streams): Promise<ExitCode> {
  const { signal } = limit
  const file = await findConfig({ path: flags.config, folder: streams.folder })
  const token = new GivenToken(flags, streams)
  const config = await untilAborted(signal, async () => await loadConfig(file, token))
  token.checkWanted()
  const warn = (what: string): void => writeLine(streams.err, `latchkey rotate: ${what}`)
  return await within({ file, config }, signal, warn, async session => {
    checkKnown(task, config, session)
    if ("name" in task && task.name !== undefined) await token.take(task.name, limit)
    const exitCode = await perform(session, task, flags, { streams, signal })
    if (token.isLeftOver)
      warn("the token that was given was not used: no new rotation was begun that asks for one")
    return exitCode
  })
}

/** A plan that is wrong, a name that no store holds and a wish that cannot be granted touch nothing. */
const TOUCHED_NOTHING: readonly string[] = ["MISCONFIGURED", "INVALID_NAME", "UNSUPPORTED", "CONFLICT"]

function exitCodeOfError(error: UsageError | SecretError): ExitCode {
  return error instanceof UsageError || TOUCHED_NOTHING.includes(error.code) ? EXIT.usage : EXIT.failed
}

/** One message and what to do, with the number that goes with it. */
function tell(
  error: UsageError | SecretError,
  exitCode: ExitCode,
  flags: RotateFlags,
  streams: Streams,
): void {
  const told = error instanceof UsageError ? inJson(error) : errorInJson(error)
  if (flags.json) {
    writeLine(streams.out, documentText({ kind: "error", exitCode, error: told }))
    return
  }
  const paint = paintFor(streams.err, streams.env, flags.color)
  const about = told.secret === undefined ? "" : `${printable(told.secret)}: `
  const where = told.store === undefined ? "" : ` (${told.store})`
  writeLine(streams.err, `${paint("red", "latchkey rotate:")} ${about}${told.message}${where}`)
  const several = error instanceof UsageError ? [] : severalLines(error.problems)
  for (const line of several) writeLine(streams.err, line)
  if (told.hint !== undefined) writeLine(streams.err, `  ${told.hint}`)
}

function inJson({ message, hint }: UsageError): ErrorInJson {
  return { message, ...(hint === undefined ? {} : { hint }) }
}
