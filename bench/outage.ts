import { setTimeout as pause } from "node:timers/promises"
import { defineStore, openStore, type SecretStore, Secrets } from "latchkey"
import { startHttpProxy } from "../test/faults/http-proxy.ts"
import { running } from "../test/servers/index.ts"
import { proxyTo } from "../test/servers/toxiproxy.ts"

export const HOW_MANY = 1_000
export const TTL_SECONDS = 30
export const CUT_SECONDS = 120
const LATENCY = 20
/** How long the server is watched before it is cut off: two rounds, and the random place of the first. */
const ORDINARY_SECONDS = 3 * TTL_SECONDS
/** In which the calls are counted, in milliseconds. */
const WINDOW = 10_000

/** What happened while a server was cut off, and after. */
export interface Outage {
  /** Of all secrets, how many were served at the end of the cut, and marked stale. */
  readonly servedStale: number
  /** The most calls within one second while it was cut off, of those that began after one had failed. */
  readonly mostInASecond: number
  /** How many secrets were fresh one time to live after the cut. */
  readonly freshAfter: number
  /** The most calls within ten seconds, on ordinary days and after the cut. */
  readonly window: { readonly ordinary: number; readonly after: number }
}

/** A thousand secrets in a real Vault that is cut off for two minutes. */
export async function outage(): Promise<Outage> {
  const server = await running("vault")
  const slow = await startHttpProxy({ upstream: server.url, latencyMs: LATENCY })
  const network = await proxyTo(slow.host, slow.port)
  const names = Array.from({ length: HOW_MANY }, (_, index) => `service/token-n${index}`)
  const place = `/secret?kv=2&prefix=outage-${process.pid}`
  const env = { VAULT_TOKEN: server.rootToken }
  const direct = await openStore(`vault://${new URL(server.url).host}${place}`, { env })
  await write(direct, names)
  await direct.close()

  const calls: Call[] = []
  const store = await openStore(`vault://${new URL(network.url).host}${place}`, { env })
  const secrets = new Secrets(counting(store, calls), { ttl: `${TTL_SECONDS}s` })
  try {
    const handles = Object.values(await secrets.getMany(Object.fromEntries(names.map(name => [name, name]))))
    /** A program uses its secrets. */
    const use = () => handles.filter(handle => handle.reveal() === "value").length
    const using = setInterval(use, 1_000)
    try {
      calls.length = 0
      await pause(ORDINARY_SECONDS * 1_000)
      const ordinary = most(beginnings(calls), WINDOW)

      calls.length = 0
      await network.down()
      await pause(CUT_SECONDS * 1_000)
      const mostInASecond = most(afterTheFirstFailure(calls), 1_000)
      const servedStale = use() === HOW_MANY ? handles.filter(({ status }) => status.stale).length : 0

      calls.length = 0
      await network.up()
      const backAt = performance.now()
      await pause(TTL_SECONDS * 1_000)
      const freshAfter = handles.filter(
        ({ status }) => !status.stale && status.age <= performance.now() - backAt,
      ).length
      await pause(TTL_SECONDS * 1_000)
      return {
        servedStale,
        mostInASecond,
        freshAfter,
        window: { ordinary, after: most(beginnings(calls), WINDOW) },
      }
    } finally {
      clearInterval(using)
    }
  } finally {
    await secrets.close()
    await network.close()
    await slow.close()
  }
}

async function write(store: SecretStore, names: readonly string[]): Promise<void> {
  const { signal } = new AbortController()
  const waiting = [...names]
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        await store.write?.(name, "value", { signal })
    }),
  )
}

/** One read, by the clock of `performance.now()`. */
interface Call {
  readonly began: number
  failed?: number
}

/** The same store, which notes when it is asked to read. */
function counting(store: SecretStore, calls: Call[]): SecretStore {
  return defineStore({
    kind: store.kind,
    location: store.location,
    capabilities: { ...store.capabilities, preconditions: { absent: false, version: false } },
    names: { rule: "any name", toNative: name => name, toPortable: name => name, holds: () => true },
    async read(name, options) {
      const call: Call = { began: performance.now() }
      calls.push(call)
      try {
        return await store.read(name, options)
      } catch (thrown) {
        call.failed = performance.now()
        throw thrown
      }
    },
    ping: async options => await store.ping(options),
    close: async () => await store.close(),
  })
}

function beginnings(calls: readonly Call[]): number[] {
  return calls.map(({ began }) => began)
}

/** Up to ten calls are under way when the first of them finds out; what begins later knows that the server is gone. */
function afterTheFirstFailure(calls: readonly Call[]): number[] {
  const known = Math.min(...calls.map(({ failed = Number.POSITIVE_INFINITY }) => failed))
  return beginnings(calls).filter(began => began > known)
}

/** The most of these moments that lie within so many milliseconds. */
function most(moments: readonly number[], within: number): number {
  let [first, found] = [0, 0]
  for (const [last, moment] of moments.entries()) {
    while ((moments[first] ?? 0) <= moment - within) first += 1
    found = Math.max(found, last - first + 1)
  }
  return found
}
