import type { Consumers } from "latchkey/rotation"

/** How the replicas read their secrets. Short, because the demo is. */
export const READS: Pick<Consumers, "ttl" | "maxStale"> = { ttl: "1s", maxStale: "2s" }

/** How long an access token lives. */
export const TOKEN_LIFETIME_S = 6

/** After so long a client asks for another token, in ms: well before the end of the one that it has. */
export const TOKEN_USED_MS = 1_500

/** Those who read the signing key: what is signed with it lives for a while. */
export const OF_THE_KEY: Consumers = { ...READS, callTimeout: "1s", tokenLifetime: `${TOKEN_LIFETIME_S}s` }

/** Those who read the address of the database: a connection is opened within this, and asks for no password later. */
export const OF_THE_DATABASE: Consumers = { ...READS, callTimeout: "1s", tokenLifetime: "0s" }

/** A secret that rotates, and how often it has to for the story to be told. */
export interface Role {
  readonly name: string
  readonly interval: `${number}s`
  readonly times: number
}

export const KEY: Role = { name: "auth/jwt-key", interval: "14s", times: 2 }
export const DATABASE: Role = { name: "db/url", interval: "6s", times: 5 }

/** Over all replicas together. */
export const CALLS_PER_SECOND = 50

/** So many calls are made one after another before the load begins: what has just been started is slow at everything. */
export const WARM_UP_CALLS = 20

/** Should the rotations not be done by then, in ms, one of them is stuck: that is told, and the story ends. */
export const PATIENCE_MS = 60_000
