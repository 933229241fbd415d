import { pause, SecretError, type SecretValue, systemClock } from "../../../src/core/index.ts"
import type { KeyVaultProperties, KeyVaultSecret } from "../client-types.ts"
import type { Connection } from "../connection.ts"
import { azureErrors } from "../errors.ts"
import { KeyVaultFailure } from "../failure.ts"
import { refuseTooLong } from "../limits.ts"
import type { InTurn } from "../one-at-a-time.ts"
import type { Place } from "../places.ts"

/** What the ledger of a vault needs of its store. */
export interface LedgerContext {
  readonly place: Place
  readonly connection: Connection
  /** Writes to one name go one after the other, those of the store among them. */
  readonly inTurn: InTurn
}

/** A value with its version, and what stands beside it. */
export interface Held {
  readonly version: string
  readonly value: string
  readonly properties: KeyVaultProperties
}

/** What stands beside a value that is written. */
export interface Beside {
  readonly tags: Readonly<Record<string, string>>
  readonly contentType?: string | undefined
}

/** How long to wait before each further try, where another write to the same name was just going on. */
const PAUSES: readonly number[] = [0, 30, 100, 300, 1_000]

/** The single calls of a vault that its ledger is made of. */
export class VaultSecrets {
  readonly #context: LedgerContext

  constructor(context: LedgerContext) {
    this.#context = context
  }

  /** The current version of a secret, or another one; `undefined` where there is none. @throws also what is `DISABLED` */
  async read(name: string, signal: AbortSignal, version?: string): Promise<Held | undefined> {
    const which = version === undefined ? {} : { version }
    const read = this.#context.connection.call(signal, (client, call) =>
      client.getSecret(name, { ...call, ...which }),
    )
    const secret = await ifThere(read)
    return secret && heldIn(name, secret)
  }

  /** All versions of a secret, in no order; none where there is no secret. */
  async versions(name: string, signal: AbortSignal): Promise<readonly KeyVaultProperties[]> {
    const { connection } = this.#context
    const listed = async (): Promise<readonly KeyVaultProperties[]> => {
      const found: KeyVaultProperties[] = []
      for await (const properties of connection.each(signal, (client, call) =>
        client.listPropertiesOfSecretVersions(name, call),
      ))
        found.push(properties)
      return found
    }
    return (await ifThere(listed())) ?? []
  }

  /** Writes one more version. Not in its turn: that is for whoever looks before. */
  async write(name: string, value: string, beside: Beside, signal: AbortSignal): Promise<string> {
    const { tags, contentType } = beside
    const written = await this.#context.connection.call(signal, (client, call) =>
      client.setSecret(name, value, {
        ...call,
        tags: { ...tags },
        ...(contentType === undefined ? {} : { contentType }),
      }),
    )
    return heldIn(name, written).version
  }

  /** Writes one more version in its turn, and again where somebody elsewhere was writing to the name just then. */
  async writeAnyhow(name: string, value: string, beside: Beside, signal: AbortSignal): Promise<string> {
    return await this.#context.inTurn(name, signal, async () => {
      let last: unknown
      for (const milliseconds of PAUSES) {
        if (milliseconds > 0) await pause(systemClock, milliseconds * (0.5 + Math.random()), signal)
        try {
          return await this.write(name, value, beside, signal)
        } catch (thrown) {
          if (!isMeeting(thrown)) throw thrown
          last = thrown
        }
      }
      throw last
    })
  }

  /** Switches a version off. */
  async disable(name: string, version: string, signal: AbortSignal): Promise<void> {
    await this.#context.inTurn(name, signal, async () => {
      await ifThere(
        this.#context.connection.call(signal, (client, call) =>
          client.updateSecretProperties(name, version, { ...call, enabled: false }),
        ),
      )
    })
  }

  /** Whether a secret of this name is deleted, and that is through. */
  async isDeleted(name: string, signal: AbortSignal): Promise<boolean> {
    const found = this.#context.connection.call(signal, async (client, call) => {
      await client.getDeletedSecret(name, call)
      return true
    })
    return (await ifThere(found)) ?? false
  }

  /** Removes a deleted secret for good. */
  async purge(name: string, signal: AbortSignal): Promise<void> {
    await this.#context.connection.call(signal, (client, call) => client.purgeDeletedSecret(name, call))
  }
}

/** A value as the vault takes it. @throws SecretError `UNSUPPORTED` for bytes, `INVALID_VALUE` for what is too long */
export function textOf(value: SecretValue): string {
  if (typeof value !== "string") {
    throw new SecretError("UNSUPPORTED", {
      message: "a vault holds text, and no bytes",
      hint: "store base64",
    })
  }
  refuseTooLong(value)
  return value
}

/** Whether a failure is that there is no such thing. */
export function isMissing(thrown: unknown): boolean {
  return azureErrors(thrown, "read")?.code === "NOT_FOUND"
}

/** Whether a failure is that the version is switched off. */
export function isDisabled(thrown: unknown): boolean {
  return azureErrors(thrown, "read")?.code === "DISABLED"
}

/** Whether a failure is that the secret is in between, deleted or recovered for example. */
export function isConflict(thrown: unknown): boolean {
  return azureErrors(thrown, "read")?.code === "CONFLICT"
}

/** Whether a failure is that another write to the name was going on: it was refused, and may be tried again. */
function isMeeting(thrown: unknown): boolean {
  if (!(thrown instanceof KeyVaultFailure)) return false
  const { status, code, inner } = thrown.fields
  return status === 409 && code !== undefined && inner === undefined
}

/** What a call gives; `undefined` where the vault says that there is no such thing. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}

function heldIn(name: string, { value, properties }: KeyVaultSecret): Held {
  const { version } = properties
  // What answers with another secret, or with none, is a proxy or an emulator that has lost its way.
  if (typeof value !== "string" || !version || properties.name.toLowerCase() !== name)
    throw new KeyVaultFailure({ mishap: "unreadable" })
  return { version, value, properties }
}
