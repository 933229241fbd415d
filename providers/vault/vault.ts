import {
  type CallOptions,
  defineStore,
  isSecretError,
  misconfigured,
  rebuild,
  SecretError,
  type SecretStore,
  type StoreWith,
} from "../../src/core/index.ts"
import { type Connection, connectionOf } from "./connection.ts"
import { vaultErrorsAt } from "./errors.ts"
import { VaultFailure } from "./failure.ts"
import { fieldsOf } from "./json.ts"
import { kv1 } from "./kv1.ts"
import { kv2 } from "./kv2.ts"
import { leases } from "./leases.ts"
import { kvVersionAt, seeingVersion1, seeingVersion2 } from "./mount.ts"
import { encoded, vaultNames } from "./names.ts"
import type { Place } from "./next-step.ts"
import {
  type CheckedOptions,
  checkKv,
  checkOptions,
  locationOf,
  type OpenVaultOptions,
  type ServerOptions,
  type VaultOptions,
} from "./options.ts"
import { kv2Ledger, noKv1Ledger } from "./rotation/index.ts"
import { VALUES } from "./value.ts"

/** Secrets in version 1 of the key-value engine. */
export type VaultKv1Store = StoreWith<"write" | "list" | "delete">

/** Secrets in version 2 of the key-value engine. */
export type VaultKv2Store = StoreWith<"write" | "list" | "versions" | "delete" | "rotation">

/**
 * Secrets in the key-value engine of HashiCorp Vault or OpenBao. Makes no request before the first call, which logs in.
 *
 * A value is the field `value` where it is the only one, else the JSON text of all fields; what is written becomes
 * `{ value }`. In version 2 a secret that somebody deleted softly is `NOT_FOUND`, with the way back in the hint; `delete`
 * removes a secret with all its versions. Version 1 has no versions and no preconditions: `version` is a number of this
 * store's own, and `rotation()` is `UNSUPPORTED`.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that can be meant
 */
export function vault(options: VaultOptions & { readonly kv: 2 }): VaultKv2Store
export function vault(options: VaultOptions): VaultKv1Store
export function vault(options: VaultOptions): VaultKv1Store {
  const checked = checkOptions("vault()", options, ["kv"])
  return statedStore(checked, options.kv, connectionOf(checked))
}

/**
 * Credentials that an engine of Vault or OpenBao makes when they are read, with a lease: for a database, for a cloud. The
 * name is the path below the mount: `creds/readonly`. They can be read only.
 *
 * Every reading makes new credentials on the far side. So what was read is given again, as long as the server says that its
 * lease lives, until two thirds of that are over; then the lease is prolonged, or new ones are read, and after a new login
 * too, because they die with the token. `expiresAt` says when they end. They are not revoked by `close()`.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that can be meant
 */
export function vaultLeases(options: ServerOptions): SecretStore {
  const checked = checkOptions("vaultLeases()", options, [])
  return leasesStore(checked, connectionOf(checked, { endMatters: true }))
}

/**
 * The store that {@link vault} or {@link vaultLeases} makes. Asks the server which version of the key-value engine is at
 * the mount, if that is not said.
 *
 * @throws SecretError `MISCONFIGURED`, also if there is no such mount; whatever else keeps the server from answering
 */
export async function openVault(options: OpenVaultOptions, { signal }: CallOptions): Promise<SecretStore> {
  const opening = openingVault(options)
  try {
    return await opening.store({ signal })
  } catch (thrown) {
    await opening.close()
    throw thrown
  }
}

/** A store that is about to be opened, by one connection and one login, however often the server has to be asked. */
export interface VaultOpening {
  /** The store. Can be asked for again when that failed. @throws SecretError as {@link openVault} does */
  store(options: CallOptions): Promise<SecretStore>
  /** Gives up: what would have become the store's is given back. */
  close(): Promise<void>
}

/**
 * For those who ask again when the server does not answer: what logs in can be good for one time only.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that can be meant
 */
export function openingVault(options: OpenVaultOptions): VaultOpening {
  const checked = checkOptions("openVault()", options, ["kv", "leases"])
  const { kv, leases = false } = options
  if (typeof leases !== "boolean" || (leases && kv !== undefined)) {
    throw misconfigured(
      "leases is neither true nor false, or stands beside kv",
      "an engine keeps values (kv) or makes credentials (leases)",
    )
  }
  if (kv !== undefined) checkKv(kv)
  const connection = connectionOf(checked, { endMatters: leases })
  return {
    async store({ signal }) {
      if (leases) return leasesStore(checked, connection)
      if (kv !== undefined) return statedStore(checked, kv, connection)
      try {
        return keyValueStore(checked, await kvVersionAt(connection, checked.mount, signal), connection)
      } catch (thrown) {
        const store = locationOf(checked, [])
        if (signal.aborted) throw new SecretError("ABORTED", { store })
        throw rebuild(
          thrown,
          { store },
          isSecretError(thrown) ? undefined : vaultErrorsAt(placeOf(checked))(thrown, "open"),
        )
      }
    },
    close: () => connection.close(),
  }
}

/** The store of an engine whose version nobody asked for. */
function statedStore(checked: CheckedOptions, kv: unknown, connection: Connection): VaultKv1Store {
  const version = checkKv(kv)
  const seeing = version === 1 ? seeingVersion1 : seeingVersion2
  return keyValueStore(checked, version, seeing(connection, checked.mount))
}

function keyValueStore(checked: CheckedOptions, kv: 1 | 2, connection: Connection): VaultKv1Store {
  const { mount, naming } = checked
  if (kv === 1) {
    return defineStore({
      ...sharedBy(checked, connection, mount, { kv }),
      ...kv1(connection, mount, naming.prefix),
      rotation: () => noKv1Ledger(mount),
    })
  }
  return defineStore({
    ...sharedBy(checked, connection, `${mount}/data`, { kv }),
    ...kv2(connection, mount, naming.prefix),
    // Journals stand outside of any prefix.
    rotation: () => kv2Ledger(connection.ask, mount, locationOf({ ...checked, naming: {} }, [])),
  })
}

function leasesStore(checked: CheckedOptions, connection: Connection): SecretStore {
  const { mount } = checked
  return defineStore({
    ...sharedBy(checked, connection, mount, { parameters: ["leases=true"] }),
    ...leases(connection, mount),
  })
}

/**
 * What all kinds of engines have in common.
 *
 * @param readable below which path the engine is read
 * @param parameters what the location says beside the place
 * @param kv the version of the key-value engine, if it is one
 */
function sharedBy(
  checked: CheckedOptions,
  connection: Connection,
  readable: string,
  { parameters = [], kv }: { readonly parameters?: readonly string[]; readonly kv?: 1 | 2 },
) {
  return {
    kind: "vault",
    location: locationOf(checked, parameters),
    names: vaultNames,
    naming: checked.naming,
    errors: vaultErrorsAt(placeOf(checked, kv)),
    values: VALUES,
    async ping({ signal }: CallOptions): Promise<void> {
      // A name that nobody can use: whoever says that it is not there, or not permitted, knows who asks.
      try {
        const { json } = await connection.ask("GET", `${encoded(readable)}/latchkey/ping`, signal)
        if (fieldsOf(json.data) === undefined) throw new VaultFailure({ status: 200, reason: "odd-answer" })
      } catch (thrown) {
        passIfAnswered(thrown)
      }
    },
    close: () => connection.close(),
  } as const
}

function placeOf({ address, mount }: CheckedOptions, kv?: 1 | 2): Place {
  return { host: address.host, mount, kv }
}

function passIfAnswered(thrown: unknown): void {
  const isAnswer = thrown instanceof VaultFailure && thrown.stage === "call"
  const isPlain = isAnswer && (thrown.reason === undefined || thrown.reason === "not-permitted")
  if (!isPlain || ![400, 403, 404, 405].includes(thrown.status ?? 0)) throw thrown
}
