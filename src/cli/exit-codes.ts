import type { RotationOutcome, RotationProblem, RotationStatus } from "../rotation/index.ts"

/** How the command ends, for scripts. The numbers do not change. */
export const EXIT = {
  /** Done, or nothing was due, or the grace of what was promoted goes on. */
  done: 0,
  /** A step failed; it is tried again by the next run. */
  failed: 1,
  /** The command line or the configuration is wrong, or there is nothing to do it to. Nothing was touched. */
  usage: 2,
  /** A rotation is blocked: a person has to look. */
  blocked: 3,
  /** A person has to do something before it goes on: make a token, end an old one. */
  awaits: 4,
  /** Another process holds this secret. */
  held: 5,
  /** Ended by a signal or by `--timeout` before it was done. A later run goes on. */
  stopped: 6,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What each number means, in the words of the help. */
export const EXIT_TEXTS: Readonly<Record<ExitCode, string>> = {
  0: "done, nothing due, or waiting for the end of a grace",
  1: "a step failed, and the next run tries again; the credential in use goes on working",
  2: "the command line or the configuration is wrong, or there is nothing to do this to; nothing was touched",
  3: "blocked: a person has to look, as --status says",
  4: "waits for a person: to make a new token, or to end the old one",
  5: "another process works on this secret, or was killed at it a moment ago and its lease goes on",
  6: "stopped by SIGINT, SIGTERM or --timeout before it was done; a later run goes on",
}

/** The most urgent comes first. */
const URGENCY: readonly ExitCode[] = [EXIT.blocked, EXIT.failed, EXIT.awaits, EXIT.held, EXIT.done]

/** The number for what became of some secrets: that of the most urgent one. */
export function exitCodeOf(outcomes: readonly RotationOutcome[], named: boolean): ExitCode {
  return mostUrgent(outcomes.map(outcome => codeOf(outcome, named)))
}

function mostUrgent(codes: readonly ExitCode[]): ExitCode {
  return URGENCY.find(code => codes.includes(code)) ?? EXIT.done
}

function codeOf({ happened, problem }: RotationOutcome, named: boolean): ExitCode {
  switch (happened) {
    case "blocked":
      return EXIT.blocked
    case "failed":
      return EXIT.failed
    case "awaits":
      return EXIT.awaits
    case "held":
      // Of all secrets some are always somebody else's: that is what replicas are for.
      return named ? EXIT.held : EXIT.done
    case "waiting":
      return problem?.kind === "failed" ? EXIT.failed : EXIT.done
    case "nothing":
    case "rotated":
    case "taken-back":
      return EXIT.done
  }
}

const PROBLEMS: Readonly<Record<RotationProblem["kind"], ExitCode>> = {
  blocked: EXIT.blocked,
  clock: EXIT.blocked,
  failed: EXIT.failed,
  "still-accepted": EXIT.failed,
  overdue: EXIT.failed,
  "near-expiry": EXIT.failed,
  awaits: EXIT.awaits,
}

/** The number for how some secrets are: that of the most urgent problem. */
export function exitCodeOfStatus(rotations: readonly RotationStatus[]): ExitCode {
  return mostUrgent(rotations.flatMap(({ problems }) => problems.map(({ kind }) => PROBLEMS[kind])))
}
