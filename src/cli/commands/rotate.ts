import { Command, Option } from "commander"
import { isSecretError, printable, systemClock } from "../../core/index.ts"
import { nearest } from "../../near-names/index.ts"
import { type RotationOutcome, type RotationsConfig, Rotator } from "../../rotation/index.ts"
import { findConfig, loadConfig, storeOf } from "../config.ts"
import { EXIT, EXIT_TEXTS, type ExitCode } from "../exit-codes.ts"
import { outcomeOf } from "../rotate/carry-out.ts"
import { documentText } from "../rotate/json.ts"
import { progressOn } from "../rotate/progress.ts"
import { dryRunLines, outcomeLines, statusLines } from "../rotate/render.ts"
import { tokenInput } from "../rotate/token-input.ts"
import { type RotateFlags, type Task, taskOf } from "../rotate/wish.ts"
import { type Paint, paintFor, type Streams, writeLine } from "../streams.ts"
import { UsageError } from "../usage-error.ts"

/** What a command was ended by, and with which number it ends. */
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
        "A run that is stopped at any point loses nothing: the next one goes on where it was.",
    )
    .argument("[name]", "the secret, as in auth/session-key")
    .option("-c, --config <file>", "the configuration; default: latchkey.config.ts here or in a folder above")
    .option("--status", "say how the rotations are, and what helps; changes nothing")
    .option("--dry-run", "say what would happen and what it needs to be allowed; changes nothing")
    .option("--compromised", "somebody knows the credential in use: without grace")
    .option("--rollback", "go back to the value before, as long as it is not retired")
    .option("--resume", "a person has looked at what blocks it: go on")
    .option("--force", "with --resume: take it from a process that is known to be gone")
    .option("--abort", "take back what was begun, or let go of what is blocked")
    .option("--impatient", "do not wait for the pause after a failed attempt")
    .option("--token-file <file>", "the new token, where a person makes it")
    .option("--token-stdin", "the same, from standard input; asked for at a terminal")
    .option("--wait", "wait for the end of the grace, until the old credential is retired")
    .option("--watch", "stay, and rotate everything on its schedule")
    .addOption(new Option("--timeout <duration>", "give up after so long, as in 10m"))
    .option("--json", "print one JSON document, with schema 1")
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
  const { streams } = running
  try {
    running.ended(await work(taskOf(name, flags), flags, running))
  } catch (thrown) {
    running.ended(tell(thrown, flags, streams))
  }
}

async function work(task: Task, flags: RotateFlags, running: Running): Promise<ExitCode> {
  const { streams } = running
  const file = await findConfig({ path: flags.config, folder: streams.folder })
  const config = await loadConfig(file, { input: tokenInput(flags, streams) })
  try {
    const store = await storeOf(config, running.signal)
    try {
      await using rotator = await rotatorOf(config, store)
      return await carryOut(rotator, known(task, config), flags, running)
    } finally {
      if (store !== config.store) await store.close()
    }
  } finally {
    await config.close?.()
  }
}

async function rotatorOf(
  { rotations, journals, lease, callTimeout, atOnce }: RotationsConfig,
  store: ConstructorParameters<typeof Rotator>[0]["store"] & object,
): Promise<Rotator> {
  const kept = typeof journals === "function" ? await journals() : journals
  return new Rotator({
    store,
    rotations,
    ...(kept === undefined ? {} : { journals: kept }),
    ...(lease === undefined ? {} : { lease }),
    ...(callTimeout === undefined ? {} : { callTimeout }),
    ...(atOnce === undefined ? {} : { atOnce }),
  })
}

/** @throws UsageError for a name of which there is no rotation, with the one that was probably meant. */
function known(task: Task, { rotations }: RotationsConfig): Task {
  if (!("name" in task) || task.name === undefined || task.name in rotations) return task
  const names = Object.keys(rotations)
  const near = nearest(task.name, names)
  throw new UsageError(
    `there is no rotation of ${printable(task.name)}`,
    near === undefined ? `there are ${names.map(printable).join(", ")}` : `did you mean ${printable(near)}?`,
  )
}

async function carryOut(
  rotator: Rotator,
  task: Task,
  flags: RotateFlags,
  { streams, signal }: Running,
): Promise<ExitCode> {
  const paint = paintFor(streams.out, streams.env, flags.color)
  const paintProgress = paintFor(streams.err, streams.env, flags.color)
  const silent = flags.quiet === true || flags.json === true
  using _progress = silent ? undefined : rotator.on(progressOn(streams.err, paintProgress))
  const print = (lines: readonly string[]): void => {
    for (const line of lines) writeLine(streams.out, line)
  }
  const now = (): Date => new Date(systemClock.wall())

  if (task.do === "status") {
    const rotations =
      task.name === undefined
        ? await rotator.status(undefined, { signal })
        : [await rotator.status(task.name, { signal })]
    const kinds = rotations.flatMap(({ problems }) => problems.map(({ kind }) => kind))
    const exitCode = kinds.includes("blocked")
      ? EXIT.blocked
      : kinds.includes("failed")
        ? EXIT.failed
        : EXIT.done
    if (flags.json) print([documentText({ schema: 1, kind: "status", exitCode, rotations })])
    else print(statusLines(rotations, now(), paint))
    return exitCode
  }
  if (task.do === "dry-run") {
    const dryRun = await rotator.dryRun(task.name, { signal })
    const exitCode = dryRun.ok ? EXIT.done : EXIT.failed
    if (flags.json) print([documentText({ schema: 1, kind: "dry-run", exitCode, dryRun })])
    else print(dryRunLines(dryRun, paint))
    return exitCode
  }
  if (task.do === "watch") {
    if (!silent) writeLine(streams.err, "keeping to the schedules; stop with Ctrl-C or SIGTERM")
    await rotator.run(signal)
    return EXIT.done
  }
  const { outcomes, exitCode } = await outcomeOf(rotator, task, flags, { signal, waiting: told })
  if (flags.json) print([documentText({ schema: 1, kind: "outcomes", exitCode, outcomes })])
  else print(outcomes.flatMap(outcome => outcomeLines(outcome, now(), paint)))
  return exitCode

  function told(outcome: RotationOutcome): void {
    if (silent) return
    for (const line of outcomeLines(outcome, now(), paintProgress)) writeLine(streams.err, line)
  }
}

/** One message, what to do, and the number that goes with it. */
function tell(thrown: unknown, flags: RotateFlags, streams: Streams): ExitCode {
  const isWrongUse =
    thrown instanceof UsageError || (isSecretError(thrown) && thrown.code === "MISCONFIGURED")
  const exitCode = isWrongUse ? EXIT.usage : EXIT.failed
  if (!isSecretError(thrown) && !(thrown instanceof UsageError)) throw thrown
  const { message, hint } = thrown
  if (flags.json) {
    const code = isSecretError(thrown) ? { code: thrown.code } : {}
    const error = { message, ...(hint === undefined ? {} : { hint }), ...code }
    writeLine(streams.out, documentText({ schema: 1, kind: "error", exitCode, error }))
    return exitCode
  }
  const paint: Paint = paintFor(streams.err, streams.env, flags.color)
  writeLine(streams.err, `${paint("red", "latchkey rotate:")} ${message}`)
  if (hint !== undefined) writeLine(streams.err, `  ${hint}`)
  return exitCode
}
