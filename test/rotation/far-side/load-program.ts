import { request } from "node:http"
import { createInterface } from "node:readline"
import { type Duration, openSecrets } from "latchkey"
import { Client } from "pg"

/** Where the calls of a load go. */
export type LoadedSide =
  | { readonly kind: "tally"; readonly url: string }
  | { readonly kind: "postgres"; readonly host: string; readonly port: number; readonly database: string }

/** What a replica under load is told. */
export interface LoadOptions {
  /** The URL of the store. */
  readonly store: string
  readonly name: string
  readonly ttl: Duration
  readonly maxStale: Duration
  readonly side: LoadedSide
  readonly callsPerSecond: number
  /** For how long a credential has to be good after it was revealed, in milliseconds. */
  readonly goodFor: number
}

/** What a replica tells when it is asked to end. */
export interface LoadReport {
  readonly made: number
  /** By what they failed with, although the credential had to be good. */
  readonly failures: Readonly<Record<string, number>>
  /** Those that failed when the machine had stood still for so long that nothing is proved. */
  readonly unproven: number
  /** How many credentials were used, one after the other. */
  readonly credentials: number
}

/** How many calls may be under way: a machine that is too slow for the rate makes fewer, and no heap of late ones. */
const MOST_AT_ONCE = 20

/**
 * A replica: makes so many calls a second, each on a connection of its own and with the credential as `reveal()` gives it
 * at that moment, until it is told to end by a line. Then it tells in a line what came of them.
 */
export async function runLoad(options: LoadOptions): Promise<void> {
  const { store, name, ttl, maxStale, side, callsPerSecond, goodFor } = options
  const secrets = await openSecrets(store, { ttl, maxStale })
  const secret = await secrets.get(name)
  const failures: Record<string, number> = {}
  const used = new Set<string>()
  const underWay = new Set<Promise<void>>()
  let [made, unproven] = [0, 0]

  async function call(): Promise<void> {
    const revealedAt = performance.now()
    try {
      const credential = secret.reveal()
      used.add(credential)
      await (side.kind === "tally" ? askTally(side.url, credential) : logIn(side, credential))
    } catch (thrown) {
      const { code, message } = thrown as { readonly code?: string; readonly message?: string }
      const what = code ?? message ?? "unknown"
      if (performance.now() - revealedAt > goodFor) unproven += 1
      else failures[what] = (failures[what] ?? 0) + 1
    }
  }

  let last = performance.now()
  let due = 0
  const timer = setInterval(() => {
    const now = performance.now()
    due = Math.min(MOST_AT_ONCE, due + ((now - last) * callsPerSecond) / 1_000)
    last = now
    for (; due >= 1 && underWay.size < MOST_AT_ONCE; due -= 1) {
      made += 1
      const calling = call()
      underWay.add(calling)
      void calling.finally(() => underWay.delete(calling))
    }
  }, 5)
  process.stdout.write("ready\n")

  for await (const _ of createInterface({ input: process.stdin })) break
  process.stdin.destroy()
  clearInterval(timer)
  await Promise.all(underWay)
  await secrets.close()
  const report: LoadReport = { made, failures, unproven, credentials: used.size }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

async function askTally(url: string, token: string): Promise<void> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "user-agent": "a replica" }
    // Without an agent each request has a connection of its own.
    const asking = request(`${url}/users/me`, { headers, agent: false }, answer => {
      answer.once("error", reject).once("end", () => resolve(answer.statusCode))
      answer.resume()
    })
    asking.once("error", reject).end()
  })
  if (status !== 200) throw new Error(`HTTP ${status}`)
}

async function logIn({ host, port, database }: LoadedSide & { kind: "postgres" }, login: string) {
  const { username, password } = JSON.parse(login)
  const client = new Client({ host, port, database, user: username, password })
  client.on("error", () => undefined)
  await client.connect()
  await client.query("select 1")
  await client.end()
}
