import { Failure } from "./failure.ts"
import { parseName, type ResourceName } from "./names.ts"
import { etagOf, ServiceClock } from "./time.ts"
import type { GcpOptions } from "./types.ts"

/** A version of a secret. */
export interface Version {
  readonly number: number
  readonly created: bigint
  /** Whether the writer sent a checksum. */
  readonly checksumGiven: boolean
  state: "ENABLED" | "DISABLED" | "DESTROYED"
  data: Buffer | undefined
  destroyed?: bigint
  /** When it will be destroyed: its secret has a `version_destroy_ttl`. */
  destroyAt?: bigint
  etag: string
}

/** A secret and its versions, oldest first. */
export interface Secret {
  /** With the number of the project. */
  readonly name: string
  readonly id: string
  readonly parent: string
  readonly created: bigint
  /** `undefined` for a regional secret. */
  readonly replication: object | undefined
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  aliases: Readonly<Record<string, string>>
  topics: readonly object[]
  rotation: object | undefined
  expires: bigint | undefined
  destroyTtl: bigint | undefined
  etag: string
  versions: Version[]
  nextVersion: number
}

/** What the stand-in holds, and the names of it. */
export class State {
  readonly clock = new ServiceClock()
  readonly project: string
  readonly projectNumber: string
  readonly pageSize: number
  readonly etagMismatch: "ABORTED" | "FAILED_PRECONDITION"
  readonly #secrets = new Map<string, Secret>()
  /** What is told of secrets instead of what they are. */
  readonly #behind = new Map<string, Secret | undefined>()

  constructor(options: GcpOptions) {
    this.project = options.project ?? "latchkey-test"
    this.projectNumber = options.projectNumber ?? "104052063718"
    this.pageSize = options.pageSize ?? 100
    this.etagMismatch = options.etagMismatch ?? "FAILED_PRECONDITION"
  }

  /** Whether a name lies in the one project that is there, by its id or its number. */
  holdsProject({ project }: ResourceName): boolean {
    return project === this.project || project === this.projectNumber
  }

  /** The project or location of a name, as the service answers it: with the number. */
  parentOf({ location }: ResourceName): string {
    return `projects/${this.projectNumber}${location === undefined ? "" : `/locations/${location}`}`
  }

  /** The secret of a name, as the service answers it. */
  secretNameOf(name: ResourceName): string {
    return `${this.parentOf(name)}/secrets/${name.secret}`
  }

  /** The secrets of a project or location, newest first. */
  secretsIn(parent: string): Secret[] {
    this.#sweep()
    return [...this.#secrets.values()].filter(secret => secret.parent === parent).toReversed()
  }

  find(name: ResourceName): Secret | undefined {
    this.#sweep()
    return this.#secrets.get(this.secretNameOf(name))
  }

  /** @throws Failure `NOT_FOUND` */
  get(name: ResourceName): Secret {
    const secret = this.find(name)
    if (secret === undefined) {
      throw new Failure("NOT_FOUND", `Secret [${this.secretNameOf(name)}] not found.`)
    }
    return secret
  }

  /** The secret as reads are told of it that are not by the number of a version: perhaps as it was some time ago. */
  told(name: ResourceName): Secret | undefined {
    const full = this.secretNameOf(name)
    return this.#behind.has(full) ? this.#behind.get(full) : this.find(name)
  }

  /** Lets such reads be told from now on what is there now. Gives the way back. */
  holdBack(name: ResourceName): () => void {
    const full = this.secretNameOf(name)
    const secret = this.find(name)
    this.#behind.set(
      full,
      secret && { ...secret, versions: secret.versions.map(version => ({ ...version })) },
    )
    return () => void this.#behind.delete(full)
  }

  /** Adds a secret that is not there yet. */
  create(name: ResourceName, given: Partial<Secret>): Secret {
    const created = this.clock.tick()
    const secret: Secret = {
      replication: name.location === undefined ? { automatic: {} } : undefined,
      labels: {},
      annotations: {},
      aliases: {},
      topics: [],
      rotation: undefined,
      expires: undefined,
      destroyTtl: undefined,
      ...given,
      name: this.secretNameOf(name),
      id: name.secret,
      parent: this.parentOf(name),
      created,
      etag: etagOf(created),
      versions: [],
      nextVersion: 1,
    }
    this.#secrets.set(secret.name, secret)
    return secret
  }

  delete(secret: Secret): void {
    this.#secrets.delete(secret.name)
  }

  addVersion(secret: Secret, data: Buffer, checksumGiven: boolean): Version {
    const created = this.clock.tick()
    const version: Version = {
      number: secret.nextVersion,
      created,
      checksumGiven,
      state: "ENABLED",
      data,
      etag: etagOf(created),
    }
    secret.nextVersion += 1
    secret.versions.push(version)
    return version
  }

  /** Gives a version a state. The etag changes even when the state does not. */
  changeVersion(version: Version, state: Version["state"]): void {
    const now = this.clock.tick()
    version.state = state
    version.etag = etagOf(now)
    delete version.destroyAt
    if (state === "DESTROYED") {
      version.data = undefined
      // Recorded: nine decimals, where the other times have six.
      version.destroyed = now + 876n
    }
  }

  /** The name of a secret that a test gave: an id, or a whole name. */
  addressed(name: string): ResourceName {
    return parseName(name.includes("/") ? name : `projects/${this.project}/secrets/${name}`, "secret")
  }

  /** What time has done meanwhile. */
  #sweep(): void {
    const now = this.clock.now()
    for (const secret of this.#secrets.values()) {
      if (secret.expires !== undefined && secret.expires <= now) this.#secrets.delete(secret.name)
      for (const version of secret.versions) {
        if (version.destroyAt !== undefined && version.destroyAt <= now) {
          this.changeVersion(version, "DESTROYED")
        }
      }
    }
  }
}
