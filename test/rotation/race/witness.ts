import { isSecretError, type SecretStore } from "../../../src/core/index.ts"
import type { Credentials } from "../crash/far-side/far-side.ts"

const calm = { signal: new AbortController().signal }

/** How often consumers read, in milliseconds, beside every time that something was changed. */
const EVERY = 100

/**
 * A consumer who reads the secret all the time, and uses what it reads. What must not be and was is in `wrong`, each thing
 * once.
 */
export class Witness {
  readonly #store: SecretStore
  readonly #name: string
  readonly #credentials: Credentials
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  #last: Promise<void> = Promise.resolve()
  #isWaiting = false
  #read: { readonly value: string; readonly since: number }[] = []
  readonly wrong = new Set<string>()

  constructor(store: SecretStore, name: string, credentials: Credentials, now: () => number) {
    this.#store = store
    this.#name = name
    this.#credentials = credentials
    this.#now = now
    this.#timer = setInterval(() => this.look(), EVERY)
  }

  /** What was read since the last {@link forget}, and since when: each value once for every time that it became another one. */
  get read(): readonly { readonly value: string; readonly since: number }[] {
    return this.#read
  }

  /** Remembers nothing but what is read now. */
  async forget(): Promise<void> {
    await this.between(() => undefined)
    this.#read = this.#read.slice(-1)
  }

  /** Something was changed: reads soon. */
  look(): void {
    // What waits to be read is read later than this.
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#last = this.#last.then(async () => {
      this.#isWaiting = false
      await this.#readOnce()
    })
  }

  /** Does something while nobody reads, after one more read. */
  async between(work: () => void): Promise<void> {
    this.look()
    this.#last = this.#last.then(work)
    await this.#last
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#last
  }

  async #readOnce(): Promise<void> {
    let value: string
    try {
      value = String((await this.#store.read(this.#name, calm)).value)
    } catch (thrown) {
      this.wrong.add(`consumers could not read: ${isSecretError(thrown) ? thrown.code : "another error"}`)
      return
    }
    if (this.#read.at(-1)?.value !== value) this.#read.push({ value, since: this.#now() })
    if (!this.#credentials.accepts({ value }))
      this.wrong.add("consumers read a credential that the far side refuses")
  }
}
