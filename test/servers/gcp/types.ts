import type { Faults } from "./faults.ts"
import type { GcpIdentity, Identities } from "./identities.ts"
import type { Permission } from "./permissions.ts"
import type { RequestLog } from "./request-log.ts"

/** How a stand-in is to be. */
export interface GcpOptions {
  /** Port of 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Id of the project that is there. Default: `latchkey-test`. */
  readonly project?: string
  /** Its number, with which the service answers. Default: `104052063718`. */
  readonly projectNumber?: string
  /** Speaks TLS, with a certificate for 127.0.0.1 and localhost that is made now. Default: plain HTTP/2. */
  readonly tls?: boolean
  /** Who may come in. Default: anybody, with all permissions and without a token. */
  readonly identities?: readonly GcpIdentity[]
  /** Milliseconds that every answer takes. Default: 0. */
  readonly latencyMs?: number
  /** Entries on a page for which the client named no size: "the server decides". Default: 100. */
  readonly pageSize?: number
  /**
   * What a wrong etag is answered with. The page "Use entity tags for optimistic concurrency control" says
   * `FAILED_PRECONDITION`, AIP-154 says `ABORTED`, and no recording is known. Default: `FAILED_PRECONDITION`.
   */
  readonly etagMismatch?: "ABORTED" | "FAILED_PRECONDITION"
}

/** A version as the stand-in holds it. */
export interface HeldVersion {
  readonly version: string
  readonly state: "ENABLED" | "DISABLED" | "DESTROYED"
  /** What was put into it; `undefined` once it is destroyed. */
  readonly value: Uint8Array | undefined
}

/**
 * A Secret Manager in this process, and what can be done to it behind the back of its clients. A `name` is the id of a
 * secret of the server's project, or a whole name, `projects/…/secrets/…` or `projects/…/locations/…/secrets/…`.
 */
export interface GcpServer {
  readonly host: "127.0.0.1"
  readonly port: number
  /** Host and port, as a gRPC client takes it. */
  readonly address: string
  readonly project: string
  readonly projectNumber: string
  /** The certificate, in PEM form, that a client must trust; `undefined` without TLS. */
  readonly ca: string | undefined
  readonly log: RequestLog
  readonly faults: Faults
  readonly identities: Identities
  /** Milliseconds that every answer takes, from now on. */
  latencyMs: number
  /** Whether the project has the service switched off, which every call is told as `PERMISSION_DENIED`. */
  serviceDisabled: boolean

  /** Adds a version, and the secret if it is not there; gives the version's number. */
  put(name: string, value: string | Uint8Array): string
  /** Removes a secret with all its versions. */
  remove(name: string): void
  /** Switches a version off. Default: the newest. */
  disable(name: string, version?: string): void
  /** Switches a version on again. Default: the newest. */
  enable(name: string, version?: string): void
  /** Destroys a version at once. Default: the newest. */
  destroy(name: string, version?: string): void
  /** Leaves a secret that has no versions; makes it if it is not there. */
  removeVersions(name: string): void
  /** Sets the aliases of a secret, all of them. */
  aliases(name: string, aliases: Readonly<Record<string, string | number>>): void
  /** The annotations of a secret. */
  annotations(name: string): Readonly<Record<string, string>>
  /** Sets one annotation of a secret, and makes it where it is not there. */
  annotate(name: string, key: string, text: string): void
  /**
   * Lets `GetSecret`, and reads of the newest version or of an alias, tell from now on what a secret is now, whatever
   * becomes of it; reads by number stay exact. Gives the way back.
   */
  holdBack(name: string): () => void
  /** Takes permissions on a secret away from everybody. Default: all permissions. */
  deny(name: string, ...permissions: readonly Permission[]): void
  /** Gives back what {@link deny} took. */
  allow(name: string): void
  /** The versions that are held, newest first; `[]` if there is no such secret. */
  held(name: string): readonly HeldVersion[]
  /** The ids of the secrets that are there, the newest first. */
  secrets(): readonly string[]
  /** Lets time pass for the service: secrets expire, versions that are to be destroyed later are. */
  advance(milliseconds: number): void
  /** Cuts all connections that are open now. New ones are taken. */
  cut(): void
  /** Ends it, with all calls that are still waiting. */
  close(): Promise<void>
}
