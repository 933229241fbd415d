import { down, logs, type Setting, status, up } from "./commands.ts"
import { RUN_VARIABLE, thisRun } from "./running.ts"
import { stateFolder } from "./system/place.ts"
import { isServerName, SERVER_NAMES } from "./types.ts"

const USAGE = `npm run servers -- up     [name…]   starts servers, and prints what to export
npm run servers -- status [name…]   says which are up
npm run servers -- logs   [name…]   prints the ends of their logs
npm run servers -- down   [name…]   ends those that were started here

Names: ${SERVER_NAMES.join(", ")}. Without a name: all of them.
`

const COMMANDS: Readonly<Record<string, (setting: Setting) => Promise<number>>> = { up, status, logs, down }

const [word = "", ...given] = process.argv.slice(2)
const command = COMMANDS[word]
const unknown = given.filter(name => !isServerName(name))
if (command === undefined || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `There is no server "${unknown[0]}".\n\n${USAGE}` : USAGE)
  process.exitCode = 2
} else {
  const stopping = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort())
  // A test run starts its servers through this program, too, and says so.
  const run = process.env[RUN_VARIABLE] ? thisRun() : undefined
  try {
    process.exitCode = await command({
      names: given.length > 0 ? given.filter(isServerName) : SERVER_NAMES,
      folder: stateFolder(),
      environment: process.env,
      holder: run,
      signal: stopping.signal,
      every: Number(process.env.LATCHKEY_SERVERS_EVERY ?? 10_000),
      stdout: process.stdout,
      stderr: process.stderr,
    })
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    process.stderr.write("Stopped. What was up before is still up; what was being installed was removed.\n")
    process.exitCode = 130
  }
}
