import { isSecretError, LEDGER_NAMES, type SecretValue, sameValue } from "../../../src/core/index.ts"
import type { Connection } from "../connection.ts"
import { isStatus, isUnreadable } from "../errors.ts"
import { type ResourceNames, versionIn } from "../names.ts"
import { damaged, payloadOf, valueIn } from "../payload.ts"
import type { GcpAnswer, GcpCallOptions, GcpClient, GcpNewSecret, GcpSecret, GcpVersion } from "../sdk.ts"
import { asStep } from "../step.ts"

/** What the ledger of a store needs of it. */
export interface LedgerContext {
  /** Where the store is, safe to print. */
  readonly location: string
  readonly connection: Connection
  readonly resources: ResourceNames
  /** The alias that consumers read; `undefined` where they read the newest version. */
  readonly alias: string | undefined
  /** How new secrets are made. */
  readonly made: GcpNewSecret
  /** Whether values come without a checksum. */
  readonly isUnchecked: boolean
}

/** A version, as far as it can be read. */
export type Reading =
  | { readonly is: "readable"; readonly value: SecretValue }
  /** It was never made, or its secret is gone. */
  | { readonly is: "absent" }
  /** It is disabled or destroyed, or the key that encrypts it is. */
  | { readonly is: "unreadable"; readonly thrown: unknown }

/** A version by what it is of. */
export interface Place {
  readonly id: string
  readonly version: string
}

const DESTROYED: ReadonlySet<unknown> = new Set(["DESTROYED", 3])

/** The single calls of the service that a ledger is made of. What fails throws what the SDK threw, or FailedStep. */
export class Calls {
  readonly #context: LedgerContext

  constructor(context: LedgerContext) {
    this.#context = context
  }

  /** A secret, as one of the service's copies has it: it may be behind. `undefined` where there is none. */
  async secret(id: string, signal: AbortSignal): Promise<GcpSecret | undefined> {
    const name = this.#context.resources.secret(id)
    return await ifThere(async () => {
      const [secret] = await asStep(
        "look",
        this.#call(signal, (client, options) => client.getSecret({ name }, options)),
      )
      return secret
    })
  }

  /** Makes a secret without versions. */
  async create(
    id: string,
    annotations: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { resources, made } = this.#context
    const secret = { ...made, annotations: { ...annotations } }
    const request = { parent: resources.parent, secretId: id, secret }
    await this.#call(signal, (client, options) => client.createSecret(request, options))
  }

  /** Changes annotations, or aliases as well, of the secret that has this etag. Gives the secret as it is then. */
  async update(
    id: string,
    etag: string,
    change: {
      readonly annotations: Readonly<Record<string, string>>
      readonly aliases?: Readonly<Record<string, string>> | undefined
    },
    signal: AbortSignal,
  ): Promise<GcpSecret> {
    const { annotations, aliases } = change
    const request = {
      secret: {
        name: this.#context.resources.secret(id),
        etag,
        annotations: { ...annotations },
        ...(aliases && { versionAliases: { ...aliases } }),
      },
      updateMask: { paths: aliases === undefined ? ["annotations"] : ["annotations", "version_aliases"] },
    }
    const [secret] = await this.#call(signal, (client, options) => client.updateSecret(request, options))
    return secret
  }

  /** Adds a version to a secret that is there, and gives its number. */
  async add(id: string, value: SecretValue, signal: AbortSignal): Promise<string> {
    const request = { parent: this.#context.resources.secret(id), payload: await payloadOf(value) }
    const [version] = await this.#call(signal, (client, options) => client.addSecretVersion(request, options))
    const number = versionIn(version.name, id)
    // It was added, and under which number nobody knows: as open as an answer that was lost.
    if (number === undefined) throw new LostNumber()
    return number
  }

  /**
   * Reads a version by its number, which the service promises to answer as it is: "adding a secret version and then
   * immediately accessing that secret version by version number is a strongly consistent operation", and nothing else
   * is (page "Resource consistency").
   */
  async read({ id, version }: Place, signal: AbortSignal): Promise<Reading> {
    const name = this.#context.resources.version(id, version)
    try {
      const [answer] = await this.#call(signal, (client, options) =>
        client.accessSecretVersion({ name }, options),
      )
      if (versionIn(answer.name, id) !== version)
        throw damaged("the answer is not about the version that was asked for")
      return { is: "readable", value: await valueIn(answer, this.#context.isUnchecked) }
    } catch (thrown) {
      if (isSecretError(thrown)) throw thrown
      if (isStatus(thrown, "NOT_FOUND")) return { is: "absent" }
      if (isUnreadable(thrown)) return { is: "unreadable", thrown }
      throw thrown
    }
  }

  /** Whether a version can be read and has this value. */
  async has(place: Place, value: SecretValue, signal: AbortSignal): Promise<boolean> {
    const reading = await asStep("access", this.read(place, signal))
    return reading.is === "readable" && sameValue(reading.value, value)
  }

  /**
   * The value of a version that is kept; `undefined` once it is destroyed, or about to be.
   *
   * @throws what the SDK threw for one that is disabled, or whose key is: that can be undone.
   */
  async keptValue(place: Place, signal: AbortSignal): Promise<SecretValue | undefined> {
    const reading = await this.read(place, signal)
    if (reading.is === "readable") return reading.value
    if (reading.is === "absent" || (await this.#isDestroyed(place, signal))) return undefined
    throw reading.thrown
  }

  /** The newest version, which may be behind: it was the newest once. `undefined` where there is none. */
  async newest(
    id: string,
    signal: AbortSignal,
  ): Promise<{ readonly version: string; readonly value: SecretValue } | undefined> {
    const name = this.#context.resources.version(id, "latest")
    return await ifThere(async () => {
      const [answer] = await this.#call(signal, (client, options) =>
        client.accessSecretVersion({ name }, options),
      )
      const version = versionIn(answer.name, id)
      if (version === undefined) throw damaged("the answer is not about the secret that was asked for")
      return { version, value: await valueIn(answer, this.#context.isUnchecked) }
    })
  }

  /** Destroys a version; harmless when it is destroyed or gone. */
  async destroy({ id, version }: Place, signal: AbortSignal): Promise<void> {
    const name = this.#context.resources.version(id, version)
    try {
      await this.#call(signal, (client, options) => client.destroySecretVersion({ name }, options))
    } catch (thrown) {
      if (!isStatus(thrown, "NOT_FOUND") && !isUnreadable(thrown)) throw thrown
    }
  }

  /** Removes a secret of the ledger's own with all its versions; harmless when it is gone. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    if (!id.startsWith(LEDGER_NAMES)) throw new TypeError("a ledger removes nothing but what it made")
    const name = this.#context.resources.secret(id)
    await ifThere(() => this.#call(signal, (client, options) => client.deleteSecret({ name }, options)))
  }

  async #isDestroyed({ id, version }: Place, signal: AbortSignal): Promise<boolean> {
    const name = this.#context.resources.version(id, version)
    const found = await ifThere(() =>
      this.#call(signal, (client, options) => client.getSecretVersion({ name }, options)),
    )
    if (found === undefined) return true
    const [{ state, scheduledDestroyTime }]: GcpAnswer<GcpVersion> = found
    return DESTROYED.has(state) || (scheduledDestroyTime ?? undefined) !== undefined
  }

  async #call<A extends GcpAnswer<unknown>>(
    signal: AbortSignal,
    send: (client: GcpClient, options: GcpCallOptions) => Promise<A>,
  ): Promise<A> {
    return await this.#context.connection.call(signal, send)
  }
}

/** That a version was added, and the answer does not say which. The table of errors does not know it. */
class LostNumber extends Error {
  override readonly name = "LostNumber"
}

async function ifThere<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (thrown) {
    if (isStatus(thrown, "NOT_FOUND")) return undefined
    throw thrown
  }
}
