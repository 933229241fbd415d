import type { Secrets } from "latchkey"

// A client that does not want the log and closes stderr is no reason to end.
process.stderr.on("error", () => undefined)

/** Writes one line for people. To stderr, because stdout is the protocol's and nobody else's. */
export function log(line: string): void {
  process.stderr.write(`tally-mcp-server: ${line}\n`)
}

/** Logs what becomes of the secrets while the server runs. No event of latchkey holds a value. */
export function logChanges(secrets: Secrets): void {
  secrets.on("accepted", ({ secret, changed, previousVersion }) => {
    if (changed && previousVersion !== undefined) log(`${secret} has a new value`)
  })
  secrets.on("refused", ({ secret, code }) =>
    log(`a new value of ${secret} is not used (${code}); the old one stays`),
  )
  secrets.on("failed", ({ error }) => log(`could not refresh: ${error.message}`))
  secrets.on("stale", ({ secret, ended }) =>
    log(`${secret} is ${ended ? "too old to be used" : "used although it is stale"}`),
  )
  secrets.on("withdrawn", ({ secret, code }) => log(`${secret} was withdrawn (${code})`))
  secrets.on("recovered", ({ secret }) => log(`${secret} can be read again`))
}
