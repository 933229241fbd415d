import { randomBytes } from "node:crypto"
import { appendFile, chmod } from "node:fs/promises"
import { createInterface } from "node:readline"
import { dotenv } from "latchkey/dotenv"
import { TallyStandIn } from "./index.ts"

/** How long an old token stays valid. */
const OVERLAP_MS = 10_000

const [envFile] = process.argv.slice(2)
if (envFile === undefined) {
  process.stderr.write(
    "Say which .env gets the token: node --conditions=latchkey-source stand-in/main.ts .env\n",
  )
  process.exit(2)
}

// Makes the file if it is missing, and keeps others out of it before a token is in it.
await appendFile(envFile, "", { mode: 0o600 })
await chmod(envFile, 0o600)
const store = dotenv(envFile)
const standIn = await TallyStandIn.start()
const stopping = new AbortController()
const overlaps = new Set<NodeJS.Timeout>()
let current: string | undefined

/** Makes a new token valid and writes it to the file; the one before is revoked after a while. */
async function rotate(): Promise<void> {
  const old = current
  current = `tly-${randomBytes(24).toString("base64url")}`
  standIn.tokens.add(current)
  await store.write("tally/api-token", current, { signal: stopping.signal })
  say(`${envFile} has a new token (${standIn.tokens.record(current).digest})`)
  if (old === undefined) return
  const timer = setTimeout(() => {
    overlaps.delete(timer)
    standIn.tokens.revoke(old)
    const { digest, accepted, refused } = standIn.tokens.record(old)
    say(
      `revoked the old token (${digest}), which was accepted ${accepted} times and refused ${refused} times`,
    )
  }, OVERLAP_MS)
  overlaps.add(timer)
}

/** Tokens are named by the start of their SHA-256. */
function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

await rotate()
say(`A stand-in for the Tally API listens. In another terminal:\n`)
say(`  TALLY_BASE_URL=${standIn.url()} node --conditions=latchkey-source src/main.ts\n`)
say("Enter replaces the token, Ctrl-C ends.")

const lines = createInterface({ input: process.stdin })
process.once("SIGINT", () => lines.close())
process.once("SIGTERM", () => lines.close())
for await (const _ of lines) await rotate()

stopping.abort()
for (const timer of overlaps) clearTimeout(timer)
await standIn.close()
await store.close()
