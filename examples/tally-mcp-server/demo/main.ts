import { parseArgs } from "node:util"
import { startBroken } from "./broken.ts"
import { busyMachine } from "./busy.ts"
import { dotenvHome, type MakeHome } from "./home.ts"
import { type LoadReport, OVERLAP_MS, rotateUnderLoad } from "./load.ts"
import { storyOfRotation } from "./rotate/story.ts"
import { SERVICES } from "./services.ts"
import { SERVICE_TTL, type Service, serviceHome } from "./store-home.ts"
import { medianOf } from "./take-over.ts"
import { chapter, figure, progressBar, say, styled, waitingLine } from "./terminal.ts"

const ROTATIONS = 6
const CALLS_PER_SECOND = 200

/** Where the token is, in the words of the story. */
interface Telling {
  readonly makeHome: MakeHome
  readonly place: readonly string[]
  readonly written: string
}

const IN_A_FILE: Telling = {
  makeHome: dotenvHome,
  place: [
    "its own, in a folder with a .env that holds the token; its environment does not. An MCP",
    `client calls its tools ${CALLS_PER_SECOND} times a second. Meanwhile the token in .env is replaced ${ROTATIONS} times:`,
  ],
  written: ".env",
}

function inService(service: Service): Telling {
  return {
    makeHome: async first => await serviceHome(service, first),
    place: [
      `its own; the token is in ${service.title}.`,
      "All that the server is told of it stands in its environment:",
      `  LATCHKEY_STORE=${service.url}`,
      ...Object.keys(service.environment).map(name => `  ${name}=…`),
      `  SECRETS_TTL=${SERVICE_TTL}`,
      "The service tells nobody of a change, so the server asks again whenever SECRETS_TTL has passed: 5m",
      "if that is not set, less here because the demo is short. When Tally answers 401 it asks at once. So",
      "a new token is used after SECRETS_TTL at the latest, or as soon as the old one is refused.",
      `An MCP client calls its tools ${CALLS_PER_SECOND} times a second. Meanwhile the token is replaced ${ROTATIONS} times:`,
    ],
    written: "it",
  }
}

/** The server works while its token changes; true if all went as it should. */
async function underLoad(
  { makeHome, place, written: where }: Telling,
  signal: AbortSignal,
): Promise<boolean> {
  chapter(1, "A server works while its token changes")
  say("    A stand-in for the Tally API listens on this machine. The MCP server runs as a process of")
  for (const line of place) say(`    ${line}`)
  say(
    `    the new one is made valid and written, and ${OVERLAP_MS} ms after the write the old one is revoked,`,
  )
  say("    whether or not the server has noticed.")
  say()
  const bar = progressBar(ROTATIONS)
  let report: LoadReport
  try {
    bar.show(0, "starting")
    report = await rotateUnderLoad({
      makeHome,
      rotations: ROTATIONS,
      callsPerSecond: CALLS_PER_SECOND,
      signal,
      progress: (made, rotated) => bar.show(rotated, `${made} calls, ${rotated} of ${ROTATIONS} rotations`),
    })
  } finally {
    bar.end()
  }
  const { calls, refusals, retries, takeOvers, traces, written, stopped } = report
  const taken = takeOvers.flatMap(({ ms }) => ms)
  const missed = takeOvers.reduce((sum, takeOver) => sum + takeOver.missed, 0)
  const end = stopped[0]
  const good = [
    figure("calls made", String(calls.made), calls.made > 0),
    figure("calls failed", String(calls.failed), calls.failed === 0),
    figure(
      "rotations taken over without a restart",
      `${taken.length - missed} of ${ROTATIONS}`,
      taken.length === ROTATIONS && missed === 0,
    ),
    figure(
      `from writing ${where} to the new token's first use`,
      `median ${medianOf(taken).toFixed(0)} ms, slowest ${Math.max(...taken).toFixed(0)} ms`,
      missed === 0,
    ),
    figure(
      "times the far side refused a token (401)",
      refusals === 0 ? "0" : `${refusals}, and use() asked again ${retries} times`,
      retries === refusals,
    ),
    figure("times a token stands in the server's output", String(traces), traces === 0),
    figure(
      "SIGTERM ends it",
      `exit code ${end?.code} after ${end?.tookMs.toFixed(0)} ms`,
      end?.code === 0 && end.tookMs < 5_000,
    ),
  ]
  for (const [text, times] of calls.failures) say(styled("red", `      ${times} × ${text}`))
  const searched = `${kilobytes(written.stdout)} of stdout and ${kilobytes(written.stderr)} of stderr`
  const busy = calls.failed === 0 ? undefined : busyMachine(OVERLAP_MS)
  if (busy !== undefined) say(styled("yellow", `      ${busy}`))
  say(styled("dim", `      (${searched} were searched: in clear, base64, hex and percent form)`))
  return good.every(Boolean)
}

/** The server refuses a broken configuration; true if its message is as it should be. */
async function misconfigured(signal: AbortSignal): Promise<boolean> {
  chapter(2, "The same server with a broken configuration")
  say("    A token that has lost its beginning, an address that is not encrypted, a time limit that")
  say("    is no number. It does not start, and says everything at once:")
  say()
  const { code, stdout, message, traces } = await startBroken(signal)
  for (const line of message.split("\n")) say(`    ${styled("yellow", "│")} ${line}`)
  say()
  const named = ["tally/api-token", "TALLY_BASE_URL", "TALLY_TIMEOUT_MS"].filter(name =>
    message.includes(name),
  )
  return [
    figure("mistakes named", `${named.length} of 3`, named.length === 3),
    figure("wrong values in the message", String(traces), traces === 0),
    figure("exit code", String(code), code === 1),
    figure("bytes on stdout, which is the protocol's", String(stdout.length), stdout.length === 0),
  ].every(Boolean)
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

const asked = askedFor()
const stopping = new AbortController()
// Not only once: at Ctrl-C the terminal signals this process, and so does npm.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stopping.abort())
// Nobody reads any more, as when the output goes through head.
process.stdout.on("error", () => stopping.abort())

try {
  say(styled("bold", "latchkey: a server keeps its token fresh"))
  const good = await asked(stopping.signal)
  say()
  say(good ? styled("green", "All of it is as promised.") : styled("red", "Something is not as promised."))
  if (!good) process.exitCode = 1
} catch (error) {
  say()
  say(
    stopping.signal.aborted ? "Stopped; nothing is left behind." : styled("red", `The demo failed: ${error}`),
  )
  process.exitCode = stopping.signal.aborted ? 130 : 1
}

async function storyOfAFile(signal: AbortSignal): Promise<boolean> {
  return [await underLoad(IN_A_FILE, signal), await misconfigured(signal)].every(Boolean)
}

async function storyOf(open: (typeof SERVICES)[string], signal: AbortSignal): Promise<boolean> {
  const waiting = waitingLine()
  const service = await open(waiting.show).finally(waiting.end)
  try {
    return await underLoad(inService(service), signal)
  } finally {
    await service.close()
  }
}

/** The story that is asked for; ends the process if there is no such one, and after `--help`. */
function askedFor(): (signal: AbortSignal) => Promise<boolean> {
  const known = Object.keys(SERVICES)
  const usage = `npm run demo                    the token is in a .env
npm run demo -- --store <name>  it is in ${known.join(", ")}; the server is started, or installed, if need be
npm run demo -- --rotate        a signing key and a PostgreSQL password rotate on a schedule of seconds
npm run demo -- --help          this
`
  try {
    const {
      store: name,
      rotate,
      help,
    } = parseArgs({
      options: {
        store: { type: "string" },
        rotate: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values
    if (help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    if (rotate && name === undefined) return storyOfRotation
    if (name === undefined) return storyOfAFile
    const open = Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined
    if (open !== undefined && !rotate) return async signal => await storyOf(open, signal)
    process.stderr.write(
      `${rotate ? "--rotate has its secrets in a .env" : "there is no store of this name"}\n\n${usage}`,
    )
  } catch {
    process.stderr.write(`the demo was given something that it does not know\n\n${usage}`)
  }
  process.exit(2)
}
