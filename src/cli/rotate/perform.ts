import { printable, systemClock } from "../../core/index.ts"
import { canonicalOf, nearest } from "../../near-names/index.ts"
import type { RotationOutcome, RotationsConfig } from "../../rotation/index.ts"
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfStatus } from "../exit-codes.ts"
import { paintFor, type Streams, writeLine } from "../streams.ts"
import { UsageError } from "../usage-error.ts"
import { outcomesOf } from "./carry-out.ts"
import { type Document, documentText, eventText } from "./json.ts"
import { progressOn } from "./progress.ts"
import { dryRunLines, outcomeLines, statusLines } from "./render.ts"
import type { Session } from "./session.ts"
import type { RotateFlags, Task } from "./wish.ts"

/** @throws UsageError for a name of which there is no rotation, with the one that was probably meant. */
export function checkKnown(task: Task, { rotations }: RotationsConfig, { store }: Session): void {
  if (!("name" in task) || task.name === undefined) return
  const names = Object.keys(rotations).map(name => canonicalOf(store, name) ?? name)
  const name = canonicalOf(store, task.name) ?? task.name
  if (names.includes(name)) return
  const near = nearest(name, names)
  throw new UsageError(
    `there is no rotation of ${printable(task.name)}`,
    near === undefined ? `there are ${names.map(printable).join(", ")}` : `did you mean ${printable(near)}?`,
  )
}

/** Does what was asked for, shows it, and says with which number the command ends. @throws SecretError as the Rotator */
export async function perform(
  { rotator }: Session,
  task: Task,
  flags: RotateFlags,
  { streams, signal }: { readonly streams: Streams; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const paint = paintFor(streams.out, streams.env, flags.color)
  const paintProgress = paintFor(streams.err, streams.env, flags.color)
  const isQuiet = flags.quiet === true || flags.json === true
  const stays = task.do === "watch"
  using _progress = isQuiet ? undefined : rotator.on(progressOn(streams.err, paintProgress, stays))
  const now = (): Date => new Date(systemClock.wall())
  const show = (document: Document, lines: () => readonly string[]): ExitCode => {
    const shown = flags.json === true ? [documentText(document)] : lines().map(typedHere(flags))
    for (const line of shown) writeLine(streams.out, line)
    return document.exitCode
  }

  switch (task.do) {
    case "status": {
      const rotations =
        task.name === undefined
          ? await rotator.status(undefined, { signal })
          : [await rotator.status(task.name, { signal })]
      const exitCode = exitCodeOfStatus(rotations)
      return show({ kind: "status", exitCode, rotations }, () => statusLines(rotations, now(), paint))
    }
    case "dry-run": {
      const dryRun = await rotator.dryRun(task.name, { signal })
      const exitCode = dryRun.ok ? EXIT.done : EXIT.failed
      return show({ kind: "dry-run", exitCode, dryRun }, () => dryRunLines(dryRun, paint))
    }
    case "watch": {
      using _events = flags.json ? rotator.on(event => writeLine(streams.out, eventText(event))) : undefined
      if (!isQuiet) writeLine(streams.err, "keeping to the schedules; stop with Ctrl-C or SIGTERM")
      await rotator.run(signal)
      return EXIT.done
    }
    default: {
      const waiting = (outcome: RotationOutcome): void => {
        if (isQuiet) return
        for (const line of outcomeLines(outcome, now(), paintProgress).map(typedHere(flags)))
          writeLine(streams.err, line)
      }
      const outcomes = await outcomesOf(rotator, task, { signal, wait: flags.wait === true, waiting })
      const exitCode = exitCodeOf(outcomes, task.do !== "tick")
      return show({ kind: "outcomes", exitCode, outcomes }, () =>
        outcomes.flatMap(outcome => [
          ...outcomeLines(outcome, now(), paint),
          ...(task.do === "rotate" && isWaitedFor(outcome) ? BEGAN_NOTHING : []),
        ]),
      )
    }
  }
}

const BEGAN_NOTHING = [
  "  nothing new was begun: the rotation before is not over until its wait is; --compromised ends that at once",
]

/** Whether a rotation that was asked for met one that waits, and only looked at it. */
function isWaitedFor({ happened, moved, state }: RotationOutcome): boolean {
  return happened === "waiting" && !moved && (state === "promoted" || state === "published")
}

/** A command that helps, as it has to be typed by whoever named a configuration. */
function typedHere({ config }: RotateFlags): (line: string) => string {
  const isPlain = config !== undefined && /^[\w./@%+=:,-]+$/.test(config)
  const given = isPlain ? config : `'${config?.replaceAll("'", "'\\''")}'`
  return line =>
    config !== undefined && line.startsWith("  $ latchkey rotate ") ? `${line} --config ${given}` : line
}
