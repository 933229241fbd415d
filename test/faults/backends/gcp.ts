import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gcp } from "../../../providers/gcp/index.ts"
import type { SecretErrorCode } from "../../../src/core/index.ts"
import { type Fault, type GcpServer, startGcp } from "../../servers/gcp/index.ts"
import { type Certificate, makeCertificate } from "../../support/certificates.ts"
import { laterBy } from "../../support/clock.ts"
import { startElsewhere } from "../elsewhere.ts"
import type { MadeAnswer } from "../http-faults.ts"
import { startHttp2Answers } from "../http2-answers.ts"
import { askUntil } from "../matrix/ask-until.ts"
import type { Calamity, Column, Evidence, LiveCell, Needs } from "../matrix/cell.ts"
import { type LinkedBench, linkOf, overNetwork } from "../matrix/over-network.ts"
import { type Relay, startRelay } from "../relay.ts"
import { Caller } from "./gcp-caller.ts"

/** A store of Google's Secret Manager in front of the stand-in, which it speaks TLS with and logs in at. */
export interface GcpBench extends LinkedBench {
  readonly server: GcpServer
  readonly caller: Caller
  /** The connection to the stand-in, which may lead elsewhere for a while. */
  readonly relay: Relay
  /** What somebody in between would show, who is trusted. */
  readonly between: Certificate
}

const NAME = "tally/api-token"
const ID = "tally--api-token"

/** Starts a stand-in and a store. @param needs what a cell needs. */
export async function gcpBench({ link: makeLink }: Needs): Promise<GcpBench> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-faults-"))
  const between = await makeCertificate()
  const server = await startGcp({ tls: true, identities: [] })
  const caller = new Caller(server)
  const relay = await startRelay(server.port)
  const link = await makeLink?.(relay.port)
  const ca = join(folder, "ca.pem")
  await writeFile(ca, `${server.ca}\n${between.cert}\n`)
  return {
    server,
    caller,
    relay,
    link,
    between,
    store: gcp({
      project: server.project,
      // By its name: Node prints a deprecation where the name of a server in TLS is an address.
      endpoint: `localhost:${link?.port ?? relay.port}`,
      ca,
      authClient: caller,
    }),
    name: NAME,
    credentials: caller.tokens,
    put: async value => void server.put(ID, value),
    async close() {
      await link?.close()
      await relay.close()
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

const injected: Evidence = { is: "injected" }
const recorded = (id: string): Evidence => ({ is: "recorded answer", id })

/** Lets every access, or what else a fault is for, be struck until it ends. */
function struck({ server }: GcpBench, fault: Fault): Calamity {
  const before = server.log.requests.length
  server.faults.next({ method: "AccessSecretVersion", times: Number.POSITIVE_INFINITY, ...fault })
  return {
    end: () => server.faults.clear(),
    struck: () => server.log.requests.slice(before).length,
  }
}

function failing(
  code: SecretErrorCode,
  fault: Fault,
  more: Partial<LiveCell<GcpBench>> = {},
): LiveCell<GcpBench> {
  return {
    code,
    held: "stale",
    evidence: injected,
    begin: bench => struck(bench, { ...fault, ...(fault.code && { message: `to ${bench.credentials}` }) }),
    ...more,
  }
}

/** Somebody in between who speaks HTTP/2, and no gRPC. */
async function answeredBetween(bench: GcpBench, answer: MadeAnswer) {
  const { relay, server, between } = bench
  const someone = await startHttp2Answers(between, answer)
  relay.leadTo(someone.port)
  await askUntil(bench, () => someone.answered > 0)
  const before = someone.answered
  return {
    struck: () => someone.answered - before,
    async end() {
      relay.leadTo(server.port)
      await someone.close()
    },
  }
}

/** What Google's Secret Manager, or its stand-in, does to a program on bad days. */
export const gcpColumn: Column<GcpBench> = {
  ...overNetwork<GcpBench>(injected, { ownTimers: true }),
  reset: failing("UNAVAILABLE", { cut: true }, { note: "in mid-call" }),
  truncated: {
    code: "UNAVAILABLE",
    held: "stale",
    evidence: injected,
    needs: "link",
    ownTimers: true,
    async begin(bench) {
      const link = linkOf(bench)
      // Less than the smallest answer, and than what a new connection begins with.
      await link.limit(40)
      return { end: async () => await link.up() }
    },
  },
  throttledUntil: failing(
    "THROTTLED",
    { code: "RESOURCE_EXHAUSTED", retryDelayMs: 7_000 },
    { retryAfterMs: 7_000, note: "`RESOURCE_EXHAUSTED` with `RetryInfo`" },
  ),
  throttled: failing(
    "THROTTLED",
    { code: "RESOURCE_EXHAUSTED" },
    { evidence: recorded("gcp-quota"), note: "`RESOURCE_EXHAUSTED`" },
  ),
  failing: failing("UNAVAILABLE", { code: "INTERNAL" }, { note: "`INTERNAL`" }),
  unavailable: failing("UNAVAILABLE", { code: "UNAVAILABLE" }, { note: "`UNAVAILABLE`" }),
  page: {
    code: "UNAVAILABLE",
    held: "stale",
    evidence: injected,
    begin: async bench =>
      await answeredBetween(bench, {
        status: 200,
        headers: { "content-type": "text/html" },
        body: `<!doctype html><p>${bench.credentials.join()}</p>`,
      }),
  },
  malformed: failing("UNAVAILABLE", { corrupt: true }, { note: "a checksum that does not fit" }),
  expiredAndBack: {
    code: "none",
    held: "current",
    evidence: injected,
    begin({ caller }) {
      caller.expire()
      return { end: () => undefined }
    },
  },
  expired: {
    code: "UNAUTHENTICATED",
    held: "stale",
    evidence: injected,
    begin({ caller }) {
      caller.refuse(true)
      caller.expire()
      return { end: () => caller.refuse(false) }
    },
  },
  silentLogin: {
    code: "TIMEOUT",
    held: "stale",
    evidence: injected,
    begin({ caller }) {
      caller.expire()
      caller.silence(true)
      return {
        end() {
          caller.silence(false)
          // From then on nobody waits for the login that hangs.
          laterBy(10_000)
        },
      }
    },
  },
  denied: {
    code: "DENIED",
    held: "ends",
    evidence: recorded("gcp-denied"),
    begin({ server }) {
      server.deny(ID)
      return { end: () => server.allow(ID) }
    },
  },
  deleted: {
    code: "NOT_FOUND",
    held: "ends",
    evidence: recorded("gcp-access-missing-grpc"),
    begin({ server }) {
      server.remove(ID)
      return { end: () => undefined }
    },
  },
  disabled: {
    code: "DISABLED",
    held: "ends",
    evidence: recorded("gcp-access-disabled"),
    begin({ server }) {
      server.disable(ID)
      return { end: () => undefined }
    },
  },
  badVersion: {
    code: "DISABLED",
    held: "keeps",
    evidence: recorded("gcp-access-disabled"),
    begin({ server }) {
      server.put(ID, "a bad version")
      server.disable(ID)
      return { end: () => undefined }
    },
  },
  keyService: failing("DISABLED", { code: "FAILED_PRECONDITION" }, { held: "ends" }),
  otherAuthority: {
    code: "UNAVAILABLE",
    held: "stale",
    evidence: injected,
    ownTimers: true,
    async begin(bench) {
      const { relay, server } = bench
      const other = await startHttp2Answers(await makeCertificate(), { status: 200 })
      relay.leadTo(other.port)
      await askUntil(bench, error => !error.transient)
      return {
        async end() {
          relay.leadTo(server.port)
          await other.close()
          if (other.answered > 0) throw new Error("the client spoke to a server that nobody vouches for")
        },
      }
    },
  },
  redirect: {
    code: "UNAVAILABLE",
    held: "stale",
    evidence: injected,
    async begin(bench) {
      const elsewhere = await startElsewhere("{}")
      const between = await answeredBetween(bench, {
        status: 307,
        headers: { location: `${elsewhere.url}/` },
      })
      return {
        ...between,
        async end() {
          await between.end()
          await elsewhere.close()
          if (elsewhere.heard.length > 0) throw new Error("the client went to the other host")
        },
      }
    },
  },
  lostAnswer: {
    code: "UNAVAILABLE",
    held: "current",
    evidence: injected,
    begin({ server }) {
      server.log.clear()
      server.faults.next({
        method: "AddSecretVersion",
        cut: true,
        afterEffect: true,
        times: Number.POSITIVE_INFINITY,
      })
      return { end: () => server.faults.clear(), struck: () => server.log.of("AddSecretVersion").length }
    },
  },
}
