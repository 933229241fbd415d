import { conceal } from "../../core/index.ts"

/**
 * One key of a keyring. The same object for as long as the keyring knows the key, so that what is made from it, such as a
 * `CryptoKey`, can be kept in a `WeakMap`. It shows its secret and its id in whatever prints it, and never its value.
 */
export interface KeyringKey {
  /** What tokens name it by, for JWTs the `kid`: no secret. */
  readonly id: string
  /** The value of this key; always the same one. */
  reveal(): string
}

class ConcealedKey implements KeyringKey {
  readonly #secret: string
  readonly #id: string
  // In a closure: what stands in a private field as it is can be seen in a debugger's preview.
  readonly #value: () => string

  constructor(secret: string, id: string, value: string) {
    this.#secret = secret
    this.#id = id
    this.#value = () => value
  }

  /** For printing. */
  get name(): string {
    return `${this.#secret}, key ${this.#id}`
  }

  get id(): string {
    return this.#id
  }

  reveal(): string {
    return this.#value()
  }
}

conceal(ConcealedKey)

/** The keys of one secret that were handed out, each of them once. */
export class KeyObjects {
  readonly #secret: string
  #keys: ReadonlyMap<string, KeyringKey> = new Map()

  constructor(secret: string) {
    this.#secret = secret
  }

  /** The object of a key. One whose value is another than before, which only happens by hand, is another key. */
  of(id: string, value: string): KeyringKey {
    const known = this.#keys.get(id)
    if (known?.reveal() === value) return known
    const key = Object.freeze(new ConcealedKey(this.#secret, id, value))
    this.#keys = new Map(this.#keys).set(id, key)
    return key
  }

  /** Forgets all keys but these. */
  keep(ids: ReadonlySet<string>): void {
    if (this.#keys.size > ids.size) this.#keys = new Map([...this.#keys].filter(([id]) => ids.has(id)))
  }
}
