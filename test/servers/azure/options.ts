import type { ServerClock } from "./clock.ts"
import type { Faults } from "./faults.ts"
import type { Login } from "./login.ts"
import type { Authorization, Permissions } from "./permissions.ts"
import type { RequestLog } from "./request-log.ts"
import type { Settings } from "./secret.ts"
import type { FakeCredential, Tokens } from "./tokens.ts"
import type { Settles } from "./vault.ts"

/** How a stand-in is started. */
export interface AzureOptions {
  /** Default: one that is free. */
  readonly port?: number
  /** By what a vault decides what a caller may do. Default: `"rbac"`. */
  readonly authorization?: Authorization
  /** How many milliseconds every answer is late. Default: 0. */
  readonly latency?: number
  /** How many milliseconds a write lasts, during which others to the name are refused. Default: 2. */
  readonly writeTakes?: number
  /** When a deletion is through. Default: after two polls, as it was recorded. */
  readonly deleteSettles?: Settles
  /** When a recovery is through. Default: at once, as it was recorded. */
  readonly recoverSettles?: Settles
  /** What tokens are for, in the challenge. Default: that of the public cloud, `"https://vault.azure.net"`. */
  readonly resource?: string
}

/** A version, as a test sees it. */
export interface HeldVersion {
  readonly version: string
  readonly value: string
  readonly enabled: boolean
}

/** A Key Vault in this process, and what can be done to it behind the back of its clients. */
export interface AzureServer {
  /** `https://127.0.0.1:<port>`, which a client takes for the vault. */
  readonly url: string
  readonly port: number
  /** The certificate of its authority, in PEM. */
  readonly ca: string
  readonly clock: ServerClock
  readonly faults: Faults
  /** The requests for secrets; those of logins are counted in {@link login}. */
  readonly log: RequestLog
  readonly login: Login
  /** How many milliseconds every answer is late. */
  latency: number

  /** A token for an identity: `"owner"` may do everything, `"reader"` reads and lists, others what they are granted. */
  token(identity?: string, options?: { readonly lifetime?: number }): string
  /** A credential that gives out such tokens. `lifetime` is in milliseconds. */
  credential(identity?: string, options?: { readonly lifetime?: number }): FakeCredential
  /** Ends all tokens that were given out, or those of one identity. Later ones are good. */
  expireTokens: Tokens["expire"]
  /** The same, told with a challenge that asks for new claims, as continuous access evaluation does. */
  withdrawTokens: Tokens["withdraw"]

  grant: Permissions["grant"]
  revoke: Permissions["revoke"]
  /** Takes every permission about this name from everybody. */
  deny: Permissions["deny"]
  /** Ends {@link deny}. */
  allow: Permissions["allow"]

  /** Makes this the current value of a secret and gives its version; a secret that is deleted comes back by it. */
  put(name: string, value: string, settings?: Settings): string
  /** Makes a secret that belongs to a certificate. */
  putCertificate(name: string, settings?: Settings): string
  /** What a name holds, oldest first; nothing if it holds nothing or is deleted. */
  versions(name: string): readonly HeldVersion[]
  /** The current value of a secret. */
  value(name: string): string | undefined
  /** The tags of the current version of a secret. */
  tags(name: string): Readonly<Record<string, string>> | undefined
  /** The content type of the current version of a secret. */
  contentType(name: string): string | undefined
  /** The names of the secrets that are there, and of those that are deleted and not purged. */
  names(): readonly string[]
  /** Removes a secret as if it had never been. */
  remove(name: string): void
  /** Switches a version off. Default: the current one. */
  disable(name: string, version?: string): void
  /** Switches a version on. Default: the current one. */
  enable(name: string, version?: string): void
  /** Deletes a secret softly, at once. */
  softDelete(name: string): void
  /** Whether a secret is deleted and can be recovered. */
  isDeleted(name: string): boolean
  /** Removes a secret that is deleted. */
  purge(name: string): void
  /** Makes writes that come from now on last until what it gives is called. */
  holdWrites(): () => void

  /** Ends all connections and frees the port. */
  close(): Promise<void>
}
