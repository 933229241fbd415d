import {
  aborted,
  type Clock,
  conceal,
  errorAbout,
  instant,
  isSecretError,
  misconfigured,
  parseReference,
  refuseUnknownOptions,
  type Secret,
  SecretError,
  type SecretStore,
  untilAborted,
} from "../../core/index.ts"
import type { Secrets } from "../../secrets/index.ts"
import { keepsHistory } from "./history.ts"
import { KeyObjects, type KeyringKey } from "./key.ts"
import { KnownKeys } from "./known-keys.ts"
import { type KeyringOptions, type KeyringSettings, keyringSettings } from "./options.ts"
import { RareRefresh } from "./rare-refresh.ts"
import { isKeyId, type KeySet, readKeySet } from "./set.ts"
import { VersionListing } from "./version-listing.ts"

/** What a search for a key takes. */
export interface FindOptions {
  /** Ends the waiting; the read goes on for others. */
  readonly signal?: AbortSignal
}

/**
 * The keys of one secret: one to sign with, and all that are good for checking. Follows the secret for as long as it is
 * open. While the store is down the known keys go on, for as long as the `maxStale` of the secret allows.
 *
 * All of its methods but `close` throw what `Secret.reveal` throws: `STALE`, `NOT_FOUND`, `DISABLED`, `DENIED`. It shows
 * its name in whatever prints it.
 */
export interface Keyring extends AsyncDisposable {
  /** The name of the secret. */
  readonly name: string

  /** The key to sign with, at once. Ask for it each time. */
  current(): KeyringKey

  /** All keys that are good for checking, the one that is signed with first; for what carries no id, and for a JWKS. */
  keys(): readonly KeyringKey[]

  /**
   * The key of an id, if it is good for checking; `undefined` if there is none.
   *
   * An id that is not known causes one read of the store, for all who ask meanwhile, and no more often than
   * `refreshInterval`: whoever makes up ids cannot make requests. Where that read fails, what is known decides.
   *
   * @throws SecretError beside those above `ABORTED` when the signal aborts while it waits.
   */
  find(id: string, options?: FindOptions): Promise<KeyringKey | undefined>

  /**
   * Reads the secret again now: for a program that is told that a key was revoked.
   *
   * @throws SecretError if that fails; what is known goes on.
   */
  refresh(): Promise<void>

  /** Ends following the secret. The keys that are known stay, and ids that are not known are looked for no longer. */
  close(): Promise<void>
}

/**
 * Opens the keyring of a secret, which is one of these:
 *
 * - a set of keys, as `keyringKey()` rotates it, on any store;
 * - a plain key on a store that keeps versions: its keys are the versions, see `form` and `propagation`;
 * - a plain key on a store that keeps none: a set of one key, with the id `initial`.
 *
 * A new value that is a garbled set is not taken in: the keys before it stay, and `Secrets` tells it as `refused`.
 *
 * ```ts
 * const keys = await keyring(secrets, "auth/jwt-key")
 * const { id } = keys.current()
 * ```
 *
 * @param name without a field.
 * @throws SecretError what `Secrets.get` throws; `INVALID_VALUE` for bytes and for a garbled set; `DENIED` where the
 * versions are the keys and may not be listed; `UNSUPPORTED` for `form: "versions"` on a store that keeps none;
 * `MISCONFIGURED` for an option that does not exist or does not have its form.
 */
export async function keyring(
  secrets: Secrets<SecretStore>,
  name: string,
  options: KeyringOptions = {},
): Promise<Keyring> {
  const settings = keyringSettings(options)
  refuseField(name)
  refuseNoVersions(secrets.store, settings)
  const { signal } = options
  const text = await secrets.get(name, signal === undefined ? {} : { signal })
  const following = new FollowingKeyring(secrets, setsOf(text), settings)
  try {
    await following.begin(signal)
  } catch (thrown) {
    await following.close()
    throw thrown
  }
  return following
}

/** A handle on the sets that a secret holds. Unlike a schema, `readKeySet` may say what is wrong. */
function setsOf(text: Secret<string>): Secret<KeySet> {
  try {
    readKeySet(text.reveal())
  } catch (thrown) {
    throw errorAbout(thrown as SecretError, text.name)
  }
  return text.map(readKeySet)
}

function refuseField(name: string): void {
  if (parseReference(name).field === undefined) return
  throw misconfigured("keyring() was given the field of a secret", "a keyring is a secret of its own")
}

function refuseNoVersions(store: SecretStore, { form }: KeyringSettings): void {
  if (form !== "versions" || keepsHistory(store)) return
  throw new SecretError("UNSUPPORTED", {
    store: store.location,
    message: "the versions of the secret shall be the keys, and the store keeps none that can be read",
    hint: "leave form out, and rotate the secret with keyringKey(), which keeps all keys in one value",
  })
}

class FollowingKeyring implements Keyring {
  readonly #secrets: Secrets<SecretStore>
  readonly #sets: Secret<KeySet>
  readonly #clock: Clock
  readonly #known: KnownKeys
  readonly #objects: KeyObjects
  readonly #listing: VersionListing
  readonly #unknownId: RareRefresh
  readonly #closing = new AbortController()
  readonly #subscription: Disposable

  constructor(secrets: Secrets<SecretStore>, sets: Secret<KeySet>, settings: KeyringSettings) {
    const { clock, refreshInterval, form } = settings
    const versions = form !== "set" && keepsHistory(secrets.store)
    this.#secrets = secrets
    this.#sets = sets
    this.#clock = clock
    this.#known = new KnownKeys({ ...settings, versions }, sets.reveal(), sets.status.version, instant(clock))
    this.#objects = new KeyObjects(sets.name)
    this.#listing = new VersionListing(secrets.store, sets.name, this.#known, clock, this.#closing.signal)
    this.#unknownId = new RareRefresh(clock, refreshInterval, async () => await this.#lookForMore())
    this.#subscription = sets.onRotate(async () => {
      this.#look()
      await this.#listing.renew()
    })
  }

  get name(): string {
    return this.#sets.name
  }

  current(): KeyringKey {
    this.#look()
    const { id, value } = this.#known.signing(instant(this.#clock))
    return this.#objects.of(id, value)
  }

  keys(): readonly KeyringKey[] {
    this.#look()
    const good = this.#known.good(instant(this.#clock))
    this.#objects.keep(new Set(good.map(({ id }) => id)))
    return good.map(({ id, value }) => this.#objects.of(id, value))
  }

  async find(id: string, options: FindOptions = {}): Promise<KeyringKey | undefined> {
    refuseUnknownOptions("find()", options, ["signal"])
    const { signal } = options
    if (signal?.aborted) throw aborted({ secret: this.name })
    const known = this.#find(id)
    if (known !== undefined || !isKeyId(id) || this.#closing.signal.aborted) return known
    await until(signal, this.#unknownId.run(), this.name)
    return this.#find(id)
  }

  async refresh(): Promise<void> {
    await this.#secrets.refresh(this.name)
    this.#look()
    await this.#listing.renew()
  }

  async close(): Promise<void> {
    this.#subscription[Symbol.dispose]()
    this.#closing.abort()
    await this.#listing.idle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Learns of all versions that may matter. @throws SecretError where that cannot be done in time. */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    const ends = signal === undefined ? [] : [signal]
    await this.#listing.begin(AbortSignal.any([this.#closing.signal, ...ends]))
  }

  #find(id: string): KeyringKey | undefined {
    return this.keys().find(key => key.id === id)
  }

  /** Takes in what the secret holds by now. */
  #look(): void {
    const set = this.#sets.reveal()
    this.#known.see(set, this.#sets.status.version, instant(this.#clock))
    this.#listing.renewIfOld()
  }

  async #lookForMore(): Promise<void> {
    try {
      await this.refresh()
    } catch (thrown) {
      // Told by Secrets, as an event and in its health. Here what is known decides, as during any outage.
      if (!isSecretError(thrown)) throw thrown
    }
  }
}

conceal(FollowingKeyring)

/** Waits for work that goes on for others when one of those who wait for it leaves. */
async function until(signal: AbortSignal | undefined, work: Promise<void>, secret: string): Promise<void> {
  if (signal === undefined) return await work
  try {
    await untilAborted(signal, async () => await work)
  } catch (thrown) {
    throw isSecretError(thrown) ? errorAbout(thrown, secret) : thrown
  }
}
