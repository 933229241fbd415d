import type { Deed } from "../../faults/http-faults.ts"
import { type HttpProxy, startHttpProxy } from "../../faults/http-proxy.ts"
import type { LoggedRequest } from "../../faults/request-log.ts"

/** What befalls one call on its way. */
export const WIRE_FAULTS = {
  "is answered with 503": { is: "answer", status: 503 },
  "breaks off in the middle of its answer": { is: "reset" },
  "is never answered": { is: "silence" },
  "is carried out and its answer is lost": { is: "lose" },
} as const satisfies Readonly<Record<string, Deed>>

/** The name of one of {@link WIRE_FAULTS}. */
export type WireFault = keyof typeof WIRE_FAULTS

/** A way to a service on which one call fails. */
export interface Wire {
  readonly proxy: HttpProxy
  readonly url: string
  /** Lets the call of this number fail, counted from 0. */
  strike(number: number, fault: WireFault): void
  /** How many calls have failed. */
  readonly struck: number
  /** How many calls are under way and will be answered. */
  underWay(): number
}

/** Lays a way to a service, which tells the time of a test's clock. */
export async function wireTo(upstream: string, now: () => number): Promise<Wire> {
  const proxy = await startHttpProxy({ upstream, now })
  let struck = 0
  return {
    proxy,
    url: proxy.url,
    strike(number, fault) {
      let seen = 0
      proxy.faults.add(WIRE_FAULTS[fault], {
        which() {
          const isIt = seen++ === number
          if (isIt) struck += 1
          return isIt
        },
      })
    },
    get struck() {
      return struck
    },
    underWay: () =>
      proxy.log.requests.filter(
        ({ endedAt, struckBy }) => endedAt === undefined && struckBy !== ("silence" satisfies Deed["is"]),
      ).length,
  }
}

/** What a call asked for, without what is different each time. */
export function textOf({ method, path }: LoggedRequest): string {
  const folded = path
    .replace(/^\/v1\/[^/]+-[a-z0-9]{8}\//, "/mount/")
    .replace(/key_\w+/, "<id>")
    .replace(/\/(?:web|secret)-[a-z0-9]+/g, "/<name>")
    .replace(/\/[a-z][a-z2-7]{24}(?=\/|$)/, "/<rotation>")
  return `${method} ${folded}`
}
