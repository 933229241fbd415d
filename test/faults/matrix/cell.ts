import type { SecretErrorCode, SecretStore, StoreWith } from "../../../src/core/index.ts"
import type { ProxyTo } from "../../servers/index.ts"
import type { RowId } from "./rows.ts"

/** What a handle that is held does on a bad day. */
export type Held =
  /** Shows what the service holds now, as if nothing were wrong. */
  | "current"
  /** Goes on showing the value that it had, marked stale, until `ttl` + `maxStale`. */
  | "stale"
  /** Stops revealing, with the code, once a second read has said the same. */
  | "ends"
  /** Goes on showing the version that it had, because that one can still be read (event `kept`). */
  | "keeps"

/** Why the expectation of a cell is believed. */
export type Evidence =
  /** A server that is no work of this project has done it, or the network in front of one. */
  | { readonly is: "real server"; readonly server: string }
  /** An answer of the real service, published: the case is in `test/servers/recorded`. */
  | { readonly is: "recorded answer"; readonly id: string }
  /** Made by a proxy or by a stand-in of this project. */
  | { readonly is: "injected" }

/** A bad day that has begun. */
export interface Calamity {
  /** Ends it. */
  end(): unknown
  /** How many requests it has struck, where that can be told. */
  struck?(): number
}

/** Makes a connection that can be harmed, in front of a port of this machine. */
export type MakeLink = (port: number) => Promise<ProxyTo>

/** What some benches have, because a cell needs it. */
export interface Needs {
  /** The store's connection leads through toxiproxy. */
  readonly link?: MakeLink
  /** The server is nobody else's, so that it can be sealed. */
  readonly ownServer?: true
  /** The store speaks TLS, where it does so only if it is asked to. */
  readonly tls?: true
}

/** One bad day on one backend. */
export interface LiveCell<B extends Bench> {
  /** What a read fails with, or `"none"` if it does not. */
  readonly code: SecretErrorCode | "none"
  /** What the error says of when to come back, in milliseconds, or that it says something. Default: nothing. */
  readonly retryAfterMs?: number | "given"
  readonly held: Held
  /**
   * How a program ends that starts meanwhile: with the code, or with `TIMEOUT` and the code as the last cause. Default:
   * at once if the error is not transient.
   */
  readonly startFails?: "at once" | "in time"
  readonly evidence: Evidence
  /** A remark for the page. */
  readonly note?: string
  /** What the bench has to have that others do not. */
  readonly needs?: keyof Needs
  /** Whether the SDK waits by timers of its own before it connects again: time must not fly meanwhile. */
  readonly ownTimers?: true
  begin(bench: B): Calamity | Promise<Calamity>
}

/** A bad day that a backend cannot have, and why. */
export interface NotThere {
  readonly notThere: string
}

export type Cell<B extends Bench> = LiveCell<B> | NotThere

/** A column of the matrix. A row that is missing does not compile. */
export type Column<B extends Bench> = { readonly [Id in RowId]: Cell<B> }

/** A store, the service behind it, and the means to change what that holds without asking the store. */
export interface Bench {
  readonly store: StoreWith<"write"> | SecretStore
  /** The secret that the bad day is about. */
  readonly name: string
  /** What no error may show, beside the values: tokens, keys, passwords. */
  readonly credentials: readonly string[]
  /** Makes this the value of the secret, by the service's own means. */
  put(value: string): Promise<void>
  /** Ends what stands around the store, which has been closed before. */
  close(): Promise<void>
}

/** Whether a backend can have this bad day. */
export function isLive<B extends Bench>(cell: Cell<B>): cell is LiveCell<B> {
  return "begin" in cell
}
