import type {
  Credential,
  GeneratedPlan,
  ListedCredential,
  MintedPlan,
  OldCredential,
  StepContext,
} from "../../../src/rotation/index.ts"

/** What a plan asks of the far side. */
export type FarCall =
  | "create"
  | "mint"
  | "list"
  | "apply"
  | "verify"
  | "verifyOld"
  | "revoke"
  | "identify"
  | "awaits"

/** What strikes a call: it runs before the call is done, or after. */
export type Strike = (call: FarCall, context: { readonly signal: AbortSignal }) => unknown

/** One credential as the far side knows it. */
interface Known {
  readonly id: string
  readonly value: string
  readonly label?: string | undefined
}

/** A service that knows credentials, and that can be made to fail in each of its calls. */
export class FarSide {
  readonly #prefix: string
  readonly #known = new Map<string, Known>()
  #made = 0
  /** What was asked, oldest first. */
  readonly calls: FarCall[] = []
  before: Strike | undefined
  after: Strike | undefined

  /** @param prefix what every value begins with: a canary. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The ids of all credentials that it accepts. */
  get ids(): string[] {
    return [...this.#known.keys()]
  }

  get labels(): (string | undefined)[] {
    return Array.from(this.#known.values(), ({ label }) => label)
  }

  newValue(): string {
    this.#made += 1
    return `${this.#prefix}-${this.#made}`
  }

  accepts(value: string): boolean {
    return [...this.#known.values()].some(known => known.value === value)
  }

  add(value: string, label?: string): string {
    const there = [...this.#known.values()].find(known => known.value === value)
    if (there !== undefined) return there.id
    const id = `id-${value.slice(this.#prefix.length + 1)}`
    this.#known.set(id, { id, value, label })
    return id
  }

  remove({ id, value }: OldCredential): void {
    for (const known of this.#known.values()) {
      if (known.id === id || (id === undefined && known.value === value)) this.#known.delete(known.id)
    }
  }

  list(): ListedCredential[] {
    return Array.from(this.#known.values(), ({ id, label }) => ({
      id,
      ...(label === undefined ? {} : { label }),
    }))
  }

  idOf(value: string): string | undefined {
    return [...this.#known.values()].find(known => known.value === value)?.id
  }

  /** Does one call, with what strikes it. */
  async call<T>(call: FarCall, context: { readonly signal: AbortSignal }, work: () => T): Promise<T> {
    this.calls.push(call)
    await this.before?.(call, context)
    const answer = work()
    await this.after?.(call, context)
    return answer
  }
}

/** Values that are short-lived at their consumers: a grace of 65 minutes and 35 seconds. */
export const CONSUMERS = { ttl: "5m", maxStale: "1h", callTimeout: "5s", tokenLifetime: "0s" } as const

/** The grace of {@link CONSUMERS}, in milliseconds. */
export const GRACE = (5.5 * 60 + 60 * 60 + 5) * 1_000

/** A plan whose values are made here and told to the far side. */
export function generatedPlan(far: FarSide, more: Partial<GeneratedPlan> = {}): GeneratedPlan {
  return {
    kind: "generated",
    consumers: CONSUMERS,
    overlap: true,
    create: async context =>
      await far.call("create", context, () => {
        const value = far.newValue()
        return { value, id: `id-${value.slice(value.lastIndexOf("-") + 1)}` }
      }),
    apply: async ({ value }, context) => {
      await far.call("apply", context, () => far.add(String(value)))
    },
    verify: async ({ value }, context) => await verdictOf(far, "verify", String(value), context),
    verifyOld: async (old, context) =>
      await far.call("verifyOld", context, () =>
        (old.id !== undefined && far.ids.includes(old.id)) ||
        (old.value !== undefined && far.accepts(String(old.value)))
          ? "works"
          : "refused",
      ),
    revoke: async (credential, context) => {
      await far.call("revoke", context, () => far.remove(credential))
    },
    identify: async (value, context) => await far.call("identify", context, () => far.idOf(String(value))),
    ...more,
  }
}

/** A plan whose values the far side makes, with labels unless it is said otherwise. */
export function mintedPlan(far: FarSide, more: Partial<MintedPlan> = {}): MintedPlan {
  const { kind: _, create: __, apply: ___, ...shared } = generatedPlan(far)
  const labels = more.labels ?? true
  const mint = async (context: StepContext & { readonly label: string }): Promise<Credential> =>
    await far.call("mint", context, () => {
      const value = far.newValue()
      return { value, id: far.add(value, labels ? context.label : undefined) }
    })
  return {
    ...(shared as Omit<MintedPlan, "kind" | "mint" | "labels">),
    revoke: async (credential, context) => {
      await far.call("revoke", context, () => far.remove(credential))
    },
    kind: "minted",
    labels,
    mint,
    listMinted: async context => await far.call("list", context, () => far.list()),
    ...more,
  }
}

async function verdictOf(
  far: FarSide,
  call: FarCall,
  value: string,
  context: StepContext,
): Promise<"works" | "refused"> {
  return await far.call(call, context, () => (far.accepts(value) ? "works" : "refused"))
}
