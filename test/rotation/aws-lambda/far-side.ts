import type { GeneratedPlan, MintedPlan, OldCredential, Verdict } from "../../../src/rotation/plan.ts"
import { Died, type Machine } from "./machine.ts"

/** Readers that see the new value after a while that tests can count: a grace of 71 seconds. */
export const CONSUMERS = { ttl: "10s", maxStale: "30s", callTimeout: "30s", tokenLifetime: "0s" } as const

/** The grace that follows from {@link CONSUMERS}, in milliseconds. */
export const GRACE = 71_000

interface Held {
  readonly value: string
  readonly label?: string | undefined
}

/** A service whose credentials are rotated, in the memory of the test: it outlives every process. */
export class FarSide {
  readonly #machine: Machine
  /** What it accepts, by its ids. */
  readonly credentials = new Map<string, Held>()
  /** Ids that it says it has ended. */
  readonly ended: string[] = []
  minted = 0
  /** Refuses everything that is new, as if there were a fault in it. */
  refusesNew = false

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** A credential that was there before. */
  adopt(value: string): void {
    this.credentials.set(idOf(value), { value })
  }

  accepts(value: unknown): boolean {
    return [...this.credentials.values()].some(held => held.value === value)
  }

  /** Tokens that this service mints, with labels or without. */
  minting(labels: boolean): MintedPlan {
    return {
      kind: "minted",
      overlap: true,
      labels,
      exclusive: !labels,
      consumers: CONSUMERS,
      mint: async ({ label }) =>
        await this.#asked("mint", true, () => {
          const value = `minted-value-${++this.minted}`
          this.credentials.set(idOf(value), { value, ...(labels && { label }) })
          return { value, id: idOf(value) }
        }),
      listMinted: async () =>
        await this.#asked("list", false, () =>
          [...this.credentials].map(([id, { label }]) => ({ id, ...(label !== undefined && { label }) })),
        ),
      identify: async value => idOf(String(value)),
      verify: async ({ value }) => await this.#verdict(value),
      verifyOld: async old => await this.#verdict(old.value),
      revoke: async old => await this.#end(old),
    }
  }

  /** Passwords that are made here, and that this service is told of. */
  applying(): GeneratedPlan {
    return {
      kind: "generated",
      overlap: true,
      consumers: CONSUMERS,
      create: async () => {
        const value = `made-value-${++this.minted}`
        return { value, id: idOf(value) }
      },
      apply: async ({ value }) =>
        await this.#asked(
          "apply",
          true,
          () => void this.credentials.set(idOf(String(value)), { value: String(value) }),
        ),
      identify: async value => idOf(String(value)),
      verify: async ({ value }) => await this.#verdict(value),
      verifyOld: async old => await this.#verdict(old.value),
      revoke: async old => await this.#end(old),
    }
  }

  async #verdict(value: unknown): Promise<Verdict> {
    return await this.#asked("verify", false, () => {
      if (this.refusesNew && /^(?:minted|made)/.test(String(value))) return "refused"
      return this.accepts(value) ? "works" : "refused"
    })
  }

  async #end({ id }: OldCredential): Promise<void> {
    await this.#asked("revoke", true, () => {
      if (id === undefined) throw new Error("a credential without an id cannot be ended")
      this.ended.push(id)
      this.credentials.delete(id)
    })
  }

  async #asked<T>(what: string, changes: boolean, answer: () => T): Promise<T> {
    const heard = this.#machine.leave(what, changes)
    const answered = answer()
    if (heard === "unheard") throw new Died()
    return answered
  }
}

function idOf(value: string): string {
  return `id-of-${value}`
}
