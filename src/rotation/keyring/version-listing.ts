import { type Clock, errorAbout, instant, SecretError, type SecretStore } from "../../core/index.ts"
import { type Ask, askOnce, askUntilDeadline, settingsOf } from "../../secrets/index.ts"
import { readHistory } from "./history.ts"
import type { KnownKeys } from "./known-keys.ts"

/** How old what is known of the versions may be while older ones are good, in milliseconds: one may have been destroyed. */
const RENEWED_AFTER = 5 * 60_000

/** How long one question to the store may take, in milliseconds. */
const CALL_TIMEOUT = 5_000

/**
 * Keeps up what is known of the versions of a secret, where they have a say. Whoever asks for that while it is being done
 * gets one that began after he asked.
 */
export class VersionListing {
  readonly #store: SecretStore
  readonly #name: string
  readonly #known: KnownKeys
  readonly #clock: Clock
  readonly #closing: AbortSignal
  #begunAt = Number.NEGATIVE_INFINITY
  #owed = false
  #underWay: Promise<void> | undefined

  constructor(store: SecretStore, name: string, known: KnownKeys, clock: Clock, closing: AbortSignal) {
    this.#store = store
    this.#name = name
    this.#known = known
    this.#clock = clock
    this.#closing = closing
  }

  /** For the first time: tries again for as long as a first read may take. @throws SecretError */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#list(askUntilDeadline(settingsOf({ clock: this.#clock }), signal))
  }

  /** Now. @throws SecretError */
  async renew(): Promise<void> {
    await this.#list(askOnce({ clock: this.#clock, callTimeout: CALL_TIMEOUT }, this.#closing))
  }

  /** In the background, if older versions are good and it is time to look whether they still are. */
  renewIfOld(): void {
    const now = instant(this.#clock)
    if (now.monotonic - this.#begunAt < RENEWED_AFTER || !this.#known.hasOlder(now)) return
    // Where it fails, what is known goes on until the next time; close() waits for it.
    void this.renew().catch(() => {})
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#underWay?.catch(() => {})
  }

  async #list(ask: Ask): Promise<void> {
    if (!this.#known.versionsMatter(instant(this.#clock))) return
    this.#owed = true
    this.#underWay ??= this.#listWhileOwed(ask).finally(() => {
      this.#underWay = undefined
    })
    await this.#underWay
  }

  async #listWhileOwed(ask: Ask): Promise<void> {
    while (this.#owed) {
      this.#owed = false
      this.#begunAt = this.#clock.monotonic()
      try {
        const past = await readHistory({
          store: this.#store,
          name: this.#name,
          ask,
          known: version => this.#known.valueOf(version),
          mayMatterBefore: createdAt => this.#known.mayMatterBefore(createdAt, instant(this.#clock)),
        })
        this.#known.learn(past, instant(this.#clock))
      } catch (thrown) {
        throw withWayOut(thrown as SecretError, this.#name)
      }
    }
  }
}

/** What went wrong, about this secret; and for a program that may read it and not its versions, the ways out. */
function withWayOut(error: SecretError, secret: string): SecretError {
  const { code, store, requestId } = error
  if (code !== "DENIED") return errorAbout(error, secret)
  return new SecretError("DENIED", {
    secret,
    store,
    requestId,
    message: "the versions of the secret are its keys, and listing or reading them is not permitted",
    hint: 'permit it; or pass form: "set" if keyringKey() rotates this secret',
  })
}
