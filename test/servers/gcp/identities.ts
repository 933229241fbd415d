import type { ErrorDetail } from "./error-details.ts"
import { Failure } from "./failure.ts"
import type { Permission } from "./permissions.ts"

/** Permissions, and where they hold. */
export interface Grant {
  readonly permissions: readonly Permission[]
  /** Ids of the secrets on which they hold; `tally--*` is a prefix. Default: the whole project. */
  readonly on?: readonly string[]
}

/** Somebody who may come in. */
export interface GcpIdentity {
  /** The bearer token. */
  readonly token: string
  /** What the log calls it. Default: `unnamed`. */
  readonly name?: string
  /** What it may do. Default: everything. */
  readonly grants?: readonly Grant[]
}

/** Those who may come in. As long as nobody was ever named, anybody may, without a token. */
export interface Identities {
  /** Names one, or gives a token new permissions. */
  add(identity: GcpIdentity): void
  /** Lets a token expire, until {@link Identities.add} names it again. */
  expire(token: string): void
  /** Forgets a token. */
  remove(token: string): void
}

const MORE =
  "Expected OAuth 2 access token, login cookie or other valid authentication credential. " +
  "See https://developers.google.com/identity/sign-in/web/devconsole-project."

/** The identities, and the checks that ask for them. */
export class KnownIdentities implements Identities {
  readonly #known = new Map<string, GcpIdentity>()
  readonly #expired = new Set<string>()
  #asked = false

  constructor(identities: readonly GcpIdentity[] | undefined) {
    this.#asked = identities !== undefined
    for (const identity of identities ?? []) this.add(identity)
  }

  add(identity: GcpIdentity): void {
    this.#asked = true
    this.#known.set(identity.token, identity)
    this.#expired.delete(identity.token)
  }

  expire(token: string): void {
    if (this.#known.delete(token)) this.#expired.add(token)
  }

  remove(token: string): void {
    this.#known.delete(token)
    this.#expired.delete(token)
  }

  /**
   * Who calls.
   *
   * @param header what stands under `authorization`, `undefined` if nothing does.
   * @param method the whole name of the called method, for the details of the error.
   * @returns `undefined` if nobody was ever named.
   * @throws Failure `UNAUTHENTICATED` for a token that is missing, unknown or expired.
   */
  caller(header: string | undefined, method: string): GcpIdentity | undefined {
    if (!this.#asked) return undefined
    const token = /^Bearer (.+)$/i.exec(header ?? "")?.[1]
    const known = token === undefined ? undefined : this.#known.get(token)
    if (known !== undefined) return known
    if (token === undefined) {
      throw new Failure("UNAUTHENTICATED", `Request is missing required authentication credential. ${MORE}`, [
        reasonOf("CREDENTIALS_MISSING", method),
      ])
    }
    const reason = this.#expired.has(token) ? "ACCESS_TOKEN_EXPIRED" : "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    throw new Failure("UNAUTHENTICATED", `Request had invalid authentication credentials. ${MORE}`, [
      reasonOf(reason, method),
    ])
  }
}

/** Whether an identity holds a permission on a secret, or, with `""`, on the project. */
export function holdsPermission({ grants }: GcpIdentity, permission: Permission, secret: string): boolean {
  if (grants === undefined) return true
  return grants.some(
    ({ permissions, on }) =>
      permissions.includes(permission) && (on === undefined || on.some(pattern => covers(pattern, secret))),
  )
}

function covers(pattern: string, secret: string): boolean {
  return pattern.endsWith("*") ? secret !== "" && secret.startsWith(pattern.slice(0, -1)) : pattern === secret
}

function reasonOf(reason: string, method: string): ErrorDetail {
  const metadata = { service: "secretmanager.googleapis.com", method }
  return { type: "ErrorInfo", reason, domain: "googleapis.com", metadata }
}
