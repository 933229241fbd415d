import { createHash } from "node:crypto"
import type { ListedCredential } from "../../../../src/rotation/index.ts"

/** A credential as the far side has it. */
export interface FarCredential {
  readonly id: string
  readonly value: string
  readonly label: string | undefined
  /** When it was ended, by the clock of the test; absent while it is accepted. */
  endedAt?: number
}

/** What a program asks of the far side, over whatever way. */
export interface FarSide {
  /** Makes a credential. */
  mint(label: string | undefined): Promise<{ readonly id: string; readonly value: string }>
  /** All that are accepted. */
  list(): Promise<readonly ListedCredential[]>
  /** Accepts a value that was made elsewhere; one that was ended stays so. */
  apply(value: string): Promise<void>
  /** Whether a credential is accepted, by its value, or else by its id. */
  accepts(credential: { readonly id?: string; readonly value?: string }): Promise<boolean>
  /** Ends a credential. */
  revoke(credential: { readonly id?: string; readonly value?: string }): Promise<void>
  /** The id of what has this value. */
  identify(value: string): Promise<string | undefined>
}

/** A service that knows credentials, with a list of its own of all that it ever accepted. */
export class Credentials {
  readonly #prefix: string
  readonly #now: () => number
  readonly #all = new Map<string, FarCredential>()
  #made = 0

  /**
   * @param prefix what every value that it makes begins with: a canary.
   * @param now the time by which it is noted when a credential was ended.
   */
  constructor(prefix: string, now: () => number) {
    this.#prefix = prefix
    this.#now = now
  }

  /** All that it ever accepted, oldest first. */
  get all(): readonly FarCredential[] {
    return [...this.#all.values()]
  }

  /** What it accepts. */
  get accepted(): readonly FarCredential[] {
    return this.all.filter(({ endedAt }) => endedAt === undefined)
  }

  /** A value that nobody else has, made here and not accepted. */
  newValue(): string {
    this.#made += 1
    return `${this.#prefix}-${this.#made}`
  }

  mint(label: string | undefined): FarCredential {
    const value = this.newValue()
    return this.#add(value, label)
  }

  apply(value: string): void {
    if (!this.#all.has(idOf(value))) this.#add(value, undefined)
  }

  accepts({ id, value }: { readonly id?: string; readonly value?: string }): boolean {
    return this.accepted.some(known => known.value === value || (value === undefined && known.id === id))
  }

  revoke({ id, value }: { readonly id?: string; readonly value?: string }): void {
    for (const known of this.accepted) {
      if (known.id === id || (id === undefined && known.value === value)) known.endedAt = this.#now()
    }
  }

  #add(value: string, label: string | undefined): FarCredential {
    const credential: FarCredential = { id: idOf(value), value, label }
    this.#all.set(credential.id, credential)
    return credential
  }
}

/** The id of a credential, which follows from its value as the thumbprint of a key does, and does not tell it. */
export function idOf(value: string): string {
  return `id-${createHash("sha256").update(value).digest("hex").slice(0, 12)}`
}

/** The far side, asked by a program in the same process. */
export function asked(credentials: Credentials): FarSide {
  return {
    mint: async label => {
      const { id, value } = credentials.mint(label)
      return { id, value }
    },
    list: async () =>
      credentials.accepted.map(({ id, label }) => ({ id, ...(label === undefined ? {} : { label }) })),
    apply: async value => credentials.apply(value),
    accepts: async credential => credentials.accepts(credential),
    revoke: async credential => credentials.revoke(credential),
    identify: async value => credentials.all.find(known => known.value === value)?.id,
  }
}
