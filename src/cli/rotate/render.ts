import { printable } from "../../core/index.ts"
import type { DryRun, RotationOutcome, RotationProblem, RotationStatus } from "../../rotation/index.ts"
import type { Paint } from "../streams.ts"
import { fromNow } from "./times.ts"

const HAPPENED: Readonly<Record<RotationOutcome["happened"], string>> = {
  nothing: "nothing to do",
  rotated: "rotated",
  waiting: "waits",
  held: "held by another process",
  blocked: "blocked: a person has to look",
  awaits: "waits for a person",
  failed: "failed",
  "taken-back": "taken back; what the secret holds stays as it is",
}

const HELD = [
  "  it works on it, or was stopped in the middle: then whoever comes by after that time goes on",
  "  --resume --force goes on at once, where that process is known to be gone",
]

/** What became of one secret, in a line, and what to do about it in those that follow. */
export function outcomeLines(outcome: RotationOutcome, now: Date, paint: Paint): string[] {
  const { name, happened, state, next, problem, notices } = outcome
  const isWrong = happened === "failed" || happened === "blocked"
  const style = isWrong ? "red" : happened === "awaits" || happened === "held" ? "yellow" : "green"
  const isSaid = state === undefined || state === "idle" || state === happened
  const where = isSaid ? "" : ` (${state})`
  const when = next === undefined ? "" : `, next ${fromNow(next, now)}`
  return [
    `${paint("bold", printable(name))}: ${paint(style, HAPPENED[happened])}${where}${when}`,
    ...(problem === undefined ? [] : problemLines(problem)),
    ...noticeLines(notices),
    ...(happened === "held" ? HELD : []),
  ]
}

/** What is left to a person, with the ids by which the far side calls it. */
function noticeLines(notices: RotationOutcome["notices"] = []): string[] {
  return notices.flatMap(notice => {
    switch (notice.about) {
      case "old-left-to-person":
        return [
          `  the old credential${called(notice.id)} was not made here, or cannot be told from others: end it at the far side`,
        ]
      case "new-left-to-person":
        return [
          `  the new credential${called(notice.id)} was let go of: see at the far side whether it is used, and end it`,
        ]
      case "orphans-left":
        return [
          `  nobody uses ${notice.ids.map(printable).join(", ")} at the far side, as far as can be told: see whose they are, and end them`,
        ]
      default:
        return []
    }
  })
}

function called(id: string | undefined): string {
  return id === undefined ? "" : ` ${printable(id)}`
}

function problemLines({ message, hint, command, error }: RotationProblem): string[] {
  return [
    `  ${error?.plainMessage ?? message}`,
    ...severalLines(error?.problems),
    `  ${hint}`,
    ...(command === undefined ? [] : [`  $ ${command}`]),
  ]
}

/** Each of several things that are wrong at once, with what to do about it. */
export function severalLines(
  problems: readonly { readonly plainMessage: string; readonly hint?: string | undefined }[] = [],
): string[] {
  return problems.map(({ plainMessage, hint }) =>
    hint === undefined ? `  - ${plainMessage}` : `  - ${plainMessage}; ${hint}`,
  )
}

/** How every rotation is, as a table with what is wrong below it. */
export function statusLines(all: readonly RotationStatus[], now: Date, paint: Paint): string[] {
  const head = ["secret", "state", "last rotated", "next"]
  const rows = all.map(status => [
    printable(status.name),
    stateOf(status),
    status.lastPromoted === undefined ? "never" : fromNow(status.lastPromoted, now),
    nextOf(status, now),
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(row => (row[column] ?? "").length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  return [
    paint("bold", line(head)),
    ...rows.map(line),
    ...all.flatMap(({ name, problems, notices }) => [
      ...problems.flatMap(problem => [
        "",
        `${paint("bold", printable(name))}: ${problem.error?.plainMessage ?? problem.message}`,
        ...problemLines(problem).slice(1),
      ]),
      ...(notices === undefined ? [] : ["", paint("bold", printable(name)), ...noticeLines(notices)]),
    ]),
  ]
}

function stateOf({ state, heldUntil }: RotationStatus): string {
  if (state === undefined) return "unknown"
  return heldUntil === undefined || state === "idle" ? state : `${state}, held`
}

function nextOf(
  { state, waitingUntil, heldUntil, due, scheduled, overdue }: RotationStatus,
  now: Date,
): string {
  if (state === undefined || state === "blocked") return ""
  if (waitingUntil !== undefined) return `goes on ${fromNow(waitingUntil, now)}`
  if (heldUntil !== undefined && state !== "idle") return `goes on ${fromNow(heldUntil, now)} at the latest`
  if (state !== "idle") return "goes on with the next run"
  if (due !== undefined) return overdue ? `overdue, was due ${fromNow(due, now)}` : fromNow(due, now)
  return scheduled ? "at its next slot" : "when asked"
}

/** What would happen, what it needs, and whether it could. */
export function dryRunLines(dryRun: DryRun, paint: Paint): string[] {
  const { name, status, steps, permissions, needs, checks } = dryRun
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", paint("bold", title), ...lines.map(line => `  ${line}`)]
  return [
    `${paint("bold", printable(name))} is ${status.state ?? "unknown"}; nothing was changed`,
    ...section(
      "checks",
      checks.map(({ what, error }) =>
        error === undefined
          ? `${paint("green", "ok")}  ${what}`
          : `${paint("red", "no")}  ${what}: ${error.plainMessage}${error.hint === undefined ? "" : `; ${error.hint}`}`,
      ),
    ),
    ...section(
      "what would happen",
      steps.map((step, index) => `${index + 1}. ${step}`),
    ),
    ...section(
      "what the store has to allow",
      permissions.map(({ action, on, why }) => `${action} on ${on}: ${why}`),
    ),
    ...section("what the far side has to allow", needs),
    "",
    verdictOf(dryRun, paint),
  ]
}

function verdictOf({ status, awaits, ok }: DryRun, paint: Paint): string {
  if (!ok) return paint("red", "it could not be rotated now")
  if (status.state === "blocked") return paint("red", "it is blocked: a person has to look, as --status says")
  if (status.state !== undefined && status.state !== "idle")
    return paint("yellow", "a rotation is on its way: it would be carried on, and no other one begun")
  return awaits === undefined
    ? paint("green", "it could be rotated now")
    : paint("yellow", "it could be rotated when a person has done what it waits for")
}
