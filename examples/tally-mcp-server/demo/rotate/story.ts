import { letGo } from "../../../../test/servers/index.ts"
import { chapter, figure, progressBar, say, styled, waitingLine } from "../terminal.ts"
import type { ToldRotation } from "./chronicle.ts"
import { type RunReport, rotateOnSchedule } from "./run.ts"
import {
  CALLS_PER_SECOND,
  DATABASE,
  KEY,
  OF_THE_DATABASE,
  OF_THE_KEY,
  TOKEN_LIFETIME_S,
  WARM_UP_CALLS,
} from "./times.ts"

/** The server works while its signing key and its password rotate on a schedule; true if all went as it should. */
export async function storyOfRotation(signal: AbortSignal): Promise<boolean> {
  chapter(1, "A signing key and a password rotate on a schedule")
  say(
    "    Two replicas of the MCP server listen over HTTP. They sign the access tokens of their clients with",
  )
  say(
    `    a keyring (${KEY.name}; a token lives for ${TOKEN_LIFETIME_S} s), each accepts those of the other, and every call`,
  )
  say(
    `    is written into a table of PostgreSQL (${DATABASE.name}; two users take turns). The secrets are in one`,
  )
  say(
    "    .env, which a Rotator changes; it tells the replicas nothing, and nothing is restarted. Every call is",
  )
  say(`    answered by the other replica than the one before, at ${CALLS_PER_SECOND} calls a second.`)
  say()
  const waiting = waitingLine()
  const bar = progressBar(KEY.times + DATABASE.times)
  let report: RunReport
  try {
    report = await rotateOnSchedule({
      signal,
      report: waiting.show,
      began(database) {
        waiting.end()
        say(
          `    ${KEY.name} every ${KEY.interval}, ${DATABASE.name} every ${DATABASE.interval}, on ${database}. As it happens:`,
        )
        say()
        say(styled("dim", HEADINGS))
      },
      progress: bar.show,
      told(rotation) {
        bar.end()
        say(rowOf(rotation))
      },
    })
  } finally {
    bar.end()
    waiting.end()
    await letGo()
  }
  legend()
  return figures(report)
}

const COLUMNS = [13, 2, 7, 7, 9, 8, 7, 6, 6, 4, 8] as const
const HEADINGS = line([
  "secret",
  "#",
  "began",
  "made",
  "published",
  "promoted",
  "retired",
  "calls",
  "failed",
  "401",
  "old one",
])

function rowOf({ name, number, began, reached, during, oldIsDead }: ToldRotation): string {
  const at = (state: string): string => {
    const ms = reached.get(state)
    return ms === undefined ? "" : `+${seconds(ms)}`
  }
  const good = during.failed === 0 && during.refusals === 0 && oldIsDead
  const text = line([
    name,
    `${number}`,
    `${seconds(began)} s`,
    at("parked"),
    at("published"),
    at("promoted"),
    at("idle"),
    `${during.made}`,
    `${during.failed}`,
    `${during.refusals}`,
    oldIsDead ? "refused" : "ACCEPTED",
  ])
  return good ? text : styled("red", text)
}

function line(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = COLUMNS[index] ?? 0
    return index === 0 || index === cells.length - 1 ? cell.padEnd(width) : cell.padStart(width)
  })
  return `    ${padded.join("  ").trimEnd()}`
}

function legend(): void {
  say()
  const lines = [
    "began: seconds after the load began; the others: seconds after that. published: the new key is known to",
    `every replica before any signs with it (${OF_THE_KEY.ttl} + 10 % until they read again, ${OF_THE_KEY.maxStale} for an outage). retired: after`,
    "the grace, which is that, the longest call and the life of a token. old one: tried out after that, by",
    `a token that is good for an hour, at both replicas, and by a fresh connection (${OF_THE_DATABASE.callTimeout} each at most).`,
  ]
  for (const each of lines) say(styled("dim", `    ${each}`))
  say()
}

/** Tells the figures; true if every promise was kept. */
export function figures(report: RunReport): boolean {
  const { rotations, trouble, calls, refusals, expired, tokens, database, traces, stopped } = report
  const doneOf = (name: string): number => rotations.filter(rotation => rotation.name === name).length
  const alive = rotations.filter(({ oldIsDead }) => !oldIsDead).length
  const good = [
    figure(
      "calls made",
      `${calls.made}, after ${WARM_UP_CALLS} to warm up; ${tokens} access tokens`,
      calls.made > 0,
    ),
    figure("calls failed", `${calls.failed}`, calls.failed === 0),
    figure(
      "times a replica refused a token (401)",
      expired === 0 ? `${refusals}` : `${refusals}, beside ${expired} that expired on the way`,
      refusals === 0,
    ),
    ...[KEY, DATABASE].map(({ name, times }) =>
      figure(`rotations of ${name}`, `${doneOf(name)}`, doneOf(name) >= times),
    ),
    figure("old credentials that somebody still accepts", `${alive}`, alive === 0),
    figure(
      "calls that PostgreSQL has written down",
      `${database.calls}, by ${database.connections} connections`,
      database.calls === WARM_UP_CALLS + calls.made,
    ),
    figure("steps that failed, rotations that were blocked", `${trouble.length}`, trouble.length === 0),
    figure("times a secret stands in the replicas' output", `${traces}`, traces === 0),
    figure(
      "SIGTERM ends them",
      `exit codes ${stopped.map(({ code }) => code).join(" and ")}`,
      stopped.every(({ code }) => code === 0),
    ),
  ]
  for (const [text, times] of calls.failures) say(styled("red", `      ${times} × ${text}`))
  for (const text of trouble) say(styled("red", `      ${text}`))
  return good.every(Boolean)
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
