/** Writes one line for people. To stderr, because stdout is the protocol's and nobody else's. */
export function log(line: string): void {
  process.stderr.write(`tally-mcp-server: ${line}\n`)
}
