import { onTestFinished, vi } from "vitest"
import { sign, verify } from "../../../docs/snippets/jwt.ts"
import { parseDuration, type SecretStore, type SecretValue } from "../../../src/core/index.ts"
import { type Keyring, type KeyringOptions, keyring } from "../../../src/rotation/keyring/index.ts"
import { Secrets } from "../../../src/secrets/index.ts"
import { type FakeClock, type Faulty, faulty } from "../../../src/testing/index.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { without } from "../../support/rig.ts"
import { NAME } from "./scene.ts"

/** How the replicas read the secret, and how long their tokens live. */
export const TTL = "1m"
export const MAX_STALE = "5m"
export const TOKEN_LIFETIME = "10m"

/** One program that signs tokens and checks those of others, with a clock and a way to the store of its own. */
export interface Replica {
  readonly name: string
  readonly clock: FakeClock
  readonly store: SecretStore & Faulty
  readonly keys: Keyring
  close(): Promise<void>
}

/** A token that was issued, and until when it is good, by the clock that is right. */
export interface Issued {
  readonly token: string
  readonly by: string
  readonly at: number
}

/** Programs that share a secret, on clocks that go on together and need not show the same. */
export class Fleet {
  readonly clock: FakeClock = checkedFakeClock()
  /** Why tokens were refused that had to be accepted. */
  readonly refused: string[] = []
  checked = 0
  /** What holds the secret; its changes nobody is told of. */
  readonly store: SecretStore
  readonly #replicas = new Map<string, Replica>()
  readonly #random: () => number
  #issued: Issued[] = []

  /** @param shared makes the store that holds the secret, whose changes nobody is told of. */
  constructor(shared: (clock: FakeClock) => SecretStore, random: () => number) {
    this.store = shared(this.clock)
    this.#random = random
    vi.useFakeTimers({ toFake: ["Date"], now: this.clock.wall() })
    onTestFinished(async () => {
      vi.useRealTimers()
      for (const replica of this.#replicas.values()) await replica.close()
    })
  }

  /** What the secret holds. */
  async read(): Promise<SecretValue> {
    return (await this.store.read(NAME, { signal: new AbortController().signal })).value
  }

  async write(value: SecretValue): Promise<void> {
    await this.store.write?.(NAME, value, { signal: new AbortController().signal })
  }

  /** Starts a program, or starts it anew. @param skew milliseconds that its clock is ahead. */
  async start(name: string, skew = 0, options: KeyringOptions = {}): Promise<Replica> {
    await this.#replicas.get(name)?.close()
    const clock = checkedFakeClock(new Date(this.clock.wall() + skew))
    const store = faulty(without(this.store, "watch") as SecretStore, { clock })
    const secrets = new Secrets(store, {
      clock,
      random: this.#random,
      ttl: TTL,
      maxStale: MAX_STALE,
      overlap: "0s",
    })
    const keys = await keyring(secrets, NAME, { clock, ...options })
    const close = async () => {
      this.#replicas.delete(name)
      await keys.close()
      await secrets.close()
    }
    const replica = { name, clock, store, keys, close }
    this.#replicas.set(name, replica)
    return replica
  }

  /** Lets time pass for all, but for those that sleep. */
  async pass(milliseconds: number, asleep?: Replica): Promise<void> {
    await this.clock.advance(`${milliseconds}ms`)
    for (const replica of this.#replicas.values()) {
      if (replica === asleep) await replica.clock.sleep(`${milliseconds}ms`)
      else await replica.clock.advance(`${milliseconds}ms`)
    }
  }

  /** Every program issues a token. */
  async issue(): Promise<void> {
    for (const { name, keys, clock } of this.#replicas.values()) {
      vi.setSystemTime(clock.wall())
      const token = await sign(keys, { sub: name }, TOKEN_LIFETIME)
      this.#issued.push({ token, by: name, at: this.clock.wall() })
    }
  }

  /** Every program checks the newest token of every other one, and one of all that are still good. */
  async check(): Promise<void> {
    // JWTs count in whole seconds.
    const oldest = this.clock.wall() - parseDuration(TOKEN_LIFETIME) + 2_000
    this.#issued = this.#issued.filter(({ at }) => at > oldest)
    for (const { name, keys, clock } of this.#replicas.values()) {
      const any = this.#issued[Math.floor(this.#random() * this.#issued.length)]
      const newest = [...this.#replicas.keys()].flatMap(
        by => this.#issued.findLast(each => each.by === by) ?? [],
      )
      for (const issued of any === undefined ? newest : [...newest, any]) {
        vi.setSystemTime(clock.wall())
        this.checked += 1
        const age = (this.clock.wall() - issued.at) / 1_000
        await verify(keys, issued.token).catch((thrown: Error) => {
          this.refused.push(`${name} refused a token of ${issued.by}, ${age} s old: ${thrown.message}`)
        })
      }
    }
  }
}
