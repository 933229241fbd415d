import { SecretError } from "../../../src/core/index.ts"
import type { GeneratedPlan, MintedPlan, OldCredential, Verdict } from "../../../src/rotation/plan.ts"
import { Died, type Machine } from "./machine.ts"

/** Readers that see the new value after a while that tests can count: a grace of 71 seconds. */
const CONSUMERS = { ttl: "10s", maxStale: "30s", callTimeout: "30s", tokenLifetime: "0s" } as const

/** The grace that follows from {@link CONSUMERS}, in milliseconds. */
export const GRACE = 71_000

interface Held {
  readonly value: string
  readonly label?: string | undefined
}

/** A service whose credentials are rotated, in the memory of the test: it outlives every process. */
export class FarSide {
  readonly #machine: Machine
  readonly #mark: string
  /** What it accepts, by its ids. */
  readonly credentials = new Map<string, Held>()
  /** Ids that it says it has ended. */
  readonly ended: string[] = []
  minted = 0
  /** Answers nothing, ever. */
  hangs = false
  /** Refuses everything that is new, as if there were a fault in it. */
  refusesNew = false
  /** Makes nothing, and says so. */
  refusesToMint = false

  /** @param mark what every value of it ends with. */
  constructor(machine: Machine, mark: string) {
    this.#machine = machine
    this.#mark = mark
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
      deadlines: { verify: "1s" },
      mint: async ({ label }) =>
        await this.#asked("mint", true, () => {
          if (this.refusesToMint) throw new SecretError("DENIED", { message: "it mints nothing for you" })
          const value = `minted-${++this.minted}-${this.#mark}`
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
      deadlines: { verify: "1s" },
      create: async () => {
        const value = `made-${++this.minted}-${this.#mark}`
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
    if (this.hangs) return await new Promise<never>(() => undefined)
    const answered = answer()
    if (heard === "unheard") throw new Died()
    return answered
  }
}

/** What stands before the mark, which is the secret of it. */
function idOf(value: string): string {
  return `id-of-${value.split("-").slice(0, 2).join("-")}`
}
