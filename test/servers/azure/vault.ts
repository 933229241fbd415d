import {
  badParameter,
  deletedButRecoverable,
  deletedNotFound,
  disabled,
  inBetween,
  notFound,
  Refusal,
  writtenElsewhere,
} from "./answers.ts"
import type { ServerClock } from "./clock.ts"
import {
  current,
  RECOVERABLE_DAYS,
  type SecretState,
  type Settings,
  type Settling,
  type VersionState,
  version,
} from "./secret.ts"

/** When a deletion or a recovery is through: after so many polls that are told "not yet", or after so long. */
export type Settles = { readonly polls: number } | { readonly milliseconds: number }

/** How a vault behaves in time. */
export interface VaultTimes {
  readonly deleteSettles: Settles
  readonly recoverSettles: Settles
}

/** The largest value, in characters. */
export const LARGEST = 25_600

const VERSION = /^[0-9a-f]{32}$/i
const SECONDS_PER_DAY = 86_400

/** What a vault holds, and the rules by which it changes. Nothing here knows of requests. */
export class Vault {
  readonly #secrets = new Map<string, SecretState>()
  readonly #written = new Set<string>()
  readonly #clock: ServerClock
  readonly #times: VaultTimes

  constructor(clock: ServerClock, times: VaultTimes) {
    this.#clock = clock
    this.#times = times
  }

  /** The secrets that are there, by name. */
  live(): SecretState[] {
    return this.#sorted(secret => secret.deleted === undefined && !this.#unsettled(secret))
  }

  /** The secrets whose deletion is through, by name. */
  deleted(): SecretState[] {
    return this.#sorted(secret => secret.deleted !== undefined && !this.#unsettled(secret))
  }

  /** A secret, whatever state it is in. */
  any(name: string): SecretState | undefined {
    this.#purgeOverdue()
    return this.#secrets.get(name.toLowerCase())
  }

  /** @throws Refusal 404, also while it is deleted or not yet back. */
  find(name: string): SecretState {
    const secret = this.any(name)
    if (secret === undefined || secret.deleted !== undefined) throw notFound(name)
    if (this.#poll(secret)) throw notFound(name)
    return secret
  }

  /** @throws Refusal 404; 400 for what is no version at all. */
  findVersion(name: string, id: string): { readonly secret: SecretState; readonly held: VersionState } {
    const secret = this.find(name)
    if (id === "") return { secret, held: current(secret) }
    if (!VERSION.test(id)) throw badParameter(`The request URI contains an invalid version: ${id}`)
    const held = secret.versions.find(one => one.id === id.toLowerCase())
    if (held === undefined) throw notFound(`${name}/${id}`)
    return { secret, held }
  }

  /** @throws Refusal 403 for a version that is switched off. */
  read(name: string, id: string): { readonly secret: SecretState; readonly held: VersionState } {
    const found = this.findVersion(name, id)
    if (found.held.settings.enabled === false) throw disabled()
    return found
  }

  /**
   * Writes a version. Between the beginning and the end of that, which `meanwhile` fills, other writes to the name are
   * refused.
   */
  async write(
    name: string,
    value: string,
    settings: Settings,
    meanwhile: () => Promise<void>,
  ): Promise<{ readonly secret: SecretState; readonly held: VersionState }> {
    const key = name.toLowerCase()
    this.#writable(name)
    if (this.#written.has(key)) throw writtenElsewhere()
    this.#written.add(key)
    try {
      await meanwhile()
    } finally {
      this.#written.delete(key)
    }
    this.#writable(name)
    return this.put(name, value, settings)
  }

  /** Writes a version at once, whatever else goes on; a secret that is deleted comes back by it. */
  put(
    name: string,
    value: string,
    settings: Settings,
    managed = false,
  ): { readonly secret: SecretState; readonly held: VersionState } {
    const held = version(value, settings, this.#clock.seconds())
    const secret = this.any(name) ?? { name, versions: [], managed, deleted: undefined, settling: undefined }
    secret.versions.push(held)
    secret.deleted = undefined
    secret.settling = undefined
    this.#secrets.set(name.toLowerCase(), secret)
    return { secret, held }
  }

  /** Changes what is said of a version, in place. */
  change(held: VersionState, settings: Settings): void {
    held.settings = { ...held.settings, ...settings }
    held.updated = this.#clock.seconds()
  }

  /** Deletes softly. */
  delete(name: string): SecretState {
    const secret = this.find(name)
    if (this.#written.has(name.toLowerCase())) throw writtenElsewhere()
    if (secret.managed) throw managed("delete")
    const at = this.#clock.seconds()
    secret.deleted = { at, purgedAt: at + RECOVERABLE_DAYS * SECONDS_PER_DAY }
    secret.settling = this.#settling("deleted")
    return secret
  }

  /** @throws Refusal 404 for what is not deleted, and while that is not through. */
  findDeleted(name: string): SecretState {
    const secret = this.any(name)
    if (secret?.deleted === undefined || this.#poll(secret)) throw deletedNotFound(name)
    return secret
  }

  /** Brings a deleted secret back. */
  recover(name: string): SecretState {
    const secret = this.#settledDeleted(name)
    secret.deleted = undefined
    secret.settling = this.#settling("recovered")
    return secret
  }

  /** Removes a deleted secret for good. */
  purge(name: string): void {
    this.#settledDeleted(name)
    this.forget(name)
  }

  /** Removes a secret as if it had never been. */
  forget(name: string): void {
    this.#secrets.delete(name.toLowerCase())
  }

  /** Brings the deletion or recovery of a secret to its end at once. */
  settle(name: string): void {
    const secret = this.any(name)
    if (secret !== undefined) secret.settling = undefined
  }

  /** Puts a secret back with all its versions. */
  restore(secret: SecretState): void {
    const taken = this.any(secret.name)
    if (taken?.deleted !== undefined) throw deletedButRecoverable(secret.name)
    if (taken !== undefined)
      throw new Refusal(409, "Conflict", `A secret with name ${secret.name} already exists.`)
    this.#secrets.set(secret.name.toLowerCase(), secret)
  }

  #writable(name: string): void {
    const secret = this.any(name)
    if (secret === undefined) return
    if (this.#unsettled(secret) && secret.settling !== undefined) throw inBetween(secret.settling.is)
    if (secret.deleted !== undefined) throw deletedButRecoverable(name)
    if (secret.managed) throw managed("set")
  }

  #settledDeleted(name: string): SecretState {
    const secret = this.any(name)
    if (secret?.deleted === undefined) throw deletedNotFound(name)
    if (this.#unsettled(secret)) throw inBetween("deleted")
    return secret
  }

  #settling(is: Settling["is"]): Settling {
    const settles = is === "deleted" ? this.#times.deleteSettles : this.#times.recoverSettles
    return "polls" in settles
      ? { is, polls: settles.polls, until: Number.NEGATIVE_INFINITY }
      : { is, polls: 0, until: this.#clock.now() + settles.milliseconds }
  }

  #unsettled({ settling }: SecretState): boolean {
    return settling !== undefined && (settling.polls > 0 || settling.until > this.#clock.now())
  }

  /** Whether a change is not yet through, as one who asks is told; asking brings it on. */
  #poll(secret: SecretState): boolean {
    if (!this.#unsettled(secret)) {
      secret.settling = undefined
      return false
    }
    if (secret.settling !== undefined && secret.settling.polls > 0) secret.settling.polls -= 1
    return true
  }

  #purgeOverdue(): void {
    const now = this.#clock.seconds()
    for (const [key, { deleted }] of this.#secrets)
      if (deleted !== undefined && deleted.purgedAt <= now) this.#secrets.delete(key)
  }

  #sorted(which: (secret: SecretState) => boolean): SecretState[] {
    this.#purgeOverdue()
    return [...this.#secrets]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, secret]) => secret)
      .filter(which)
  }
}

/** A secret that belongs to a certificate is changed through the certificate only. */
function managed(operation: "set" | "delete"): Refusal {
  return new Refusal(403, "Forbidden", `Operation ${operation} is not allowed on a secret of a certificate.`)
}
