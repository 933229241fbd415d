import type { SecretErrorCode } from "../../../src/core/index.ts"
import { makeCertificate } from "../../support/certificates.ts"
import { startElsewhere } from "../elsewhere.ts"
import type { Deed, MadeAnswer, ProxiedRequest } from "../http-faults.ts"
import type { HttpProxy } from "../http-proxy.ts"
import { askUntil } from "./ask-until.ts"
import type { Calamity, Column, Evidence, Held, LiveCell } from "./cell.ts"
import { type LinkedBench, overNetwork } from "./over-network.ts"

/** A bench whose service is spoken to over HTTP, through the fault proxy. */
export interface HttpBench extends LinkedBench {
  readonly proxy: HttpProxy
  /** Whether a request would change the secret. */
  isWrite(request: ProxiedRequest): boolean
  /** What an answer holds that the store asked for: the redirected client would take it for the secret. */
  readonly answer: string
}

/** How long those are told to wait who ask too often, in seconds. */
const RETRY_AFTER = 7

/** The cells that are the same for all services that speak HTTP. */
export function overHttp<B extends HttpBench>(server: Evidence) {
  const injected: Evidence = { is: "injected" }
  return {
    ...overNetwork<B>(server),
    reset: harm("reset", server),
    truncated: harm("truncate", server),
    malformed: harm("malform", server),
    throttledUntil: {
      ...answering("THROTTLED", "stale", injected, {
        status: 429,
        headers: { "retry-after": String(RETRY_AFTER) },
      }),
      retryAfterMs: RETRY_AFTER * 1_000,
    },
    throttled: answering("THROTTLED", "stale", injected, { status: 429 }),
    failing: answering("UNAVAILABLE", "stale", injected, { status: 500 }),
    unavailable: answering("UNAVAILABLE", "stale", injected, { status: 503 }),
    page: {
      code: "UNAVAILABLE",
      held: "stale",
      evidence: injected,
      begin: bench =>
        struckBy(bench, {
          is: "answer",
          status: 200,
          headers: { "content-type": "text/html" },
          body: `<!doctype html><title>Login</title><p>${bench.credentials.join(" ")}</p>`,
        }),
    },
    otherAuthority: {
      code: "UNAVAILABLE",
      held: "stale",
      evidence: injected,
      async begin(bench) {
        const { proxy } = bench
        const shown = proxy.certificate
        proxy.show(await makeCertificate())
        await askUntil(bench, error => !error.transient)
        return { end: () => shown !== undefined && proxy.show(shown) }
      },
    },
    redirect: {
      code: "UNAVAILABLE",
      held: "stale",
      evidence: injected,
      async begin(bench) {
        const elsewhere = await startElsewhere(bench.answer)
        const struck = struckBy(bench, {
          is: "answer",
          status: 307,
          headers: { location: `${elsewhere.url}/` },
        })
        return {
          ...struck,
          async end() {
            struck.end()
            await elsewhere.close()
            if (elsewhere.heard.length > 0) throw new Error("the client went to the other host")
          },
        }
      },
    },
    lostAnswer: {
      code: "UNAVAILABLE",
      held: "current",
      evidence: server,
      begin(bench) {
        const fault = bench.proxy.faults.add({ is: "lose" }, { which: request => bench.isWrite(request) })
        return { end: () => fault.end(), struck: () => fault.struck }
      },
    },
  } satisfies Partial<Column<B>>

  function harm(is: "reset" | "truncate" | "malform", evidence: Evidence): LiveCell<B> {
    return { code: "UNAVAILABLE", held: "stale", evidence, begin: bench => struckBy(bench, { is }) }
  }
}

/** A cell in which the service answers every request like this, with the credentials in the body. */
export function answering<B extends HttpBench>(
  code: SecretErrorCode,
  held: Held,
  evidence: Evidence,
  answer: MadeAnswer,
): LiveCell<B> {
  return {
    code,
    held,
    evidence,
    begin: bench =>
      struckBy(bench, { body: JSON.stringify({ errors: bench.credentials }), ...answer, is: "answer" }),
  }
}

/** Does this to every request, until it ends. */
export function struckBy({ proxy }: Pick<HttpBench, "proxy">, deed: Deed): Calamity & { struck(): number } {
  const fault = proxy.faults.add(deed)
  return { end: () => fault.end(), struck: () => fault.struck }
}
