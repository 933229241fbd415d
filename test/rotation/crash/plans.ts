import type { GeneratedPlan, MintedPlan, RotationPlan, Verdict } from "../../../src/rotation/index.ts"
import { type FarSide, idOf } from "./far-side/far-side.ts"

/** How long readers go on with an old value, and how long each step may take. */
export type Pace = Pick<RotationPlan, "consumers" | "deadlines">

/** Readers of an ordinary server: a grace of 65 minutes and 35 seconds. */
export const USUAL: Pace = {
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "5s", tokenLifetime: "0s" },
}

/** What a plan is made of. */
export interface PlanParts {
  readonly far: FarSide
  readonly pace: Pace
  /** Makes a value that nobody else has. */
  newValue(): string
}

/** The plans by what they are called in the tables. */
export const PLANS = { generated, minted, unlabelled } as const satisfies Record<
  string,
  (parts: PlanParts) => RotationPlan
>

export type PlanName = keyof typeof PLANS

/** Keys that are made here, and told to the far side. */
function generated({ far, pace, newValue }: PlanParts): GeneratedPlan {
  return {
    ...shared(far, pace),
    kind: "generated",
    async create() {
      const value = newValue()
      return { value, id: idOf(value) }
    },
    async apply({ value }) {
      await far.apply(String(value))
    },
    async identify(value) {
      // A key tells its own id, so that nobody has to be asked.
      return idOf(String(value))
    },
  }
}

/** Tokens that the far side makes, and lists with the labels that they were given. */
function minted({ far, pace }: PlanParts): MintedPlan {
  return {
    ...shared(far, pace),
    kind: "minted",
    labels: true,
    mint: async ({ label }) => await far.mint(label),
    listMinted: async () => await far.list(),
    identify: async value => await far.identify(String(value)),
  }
}

/** Tokens of a far side that neither keeps labels nor lists what it has made. */
function unlabelled({ far, pace }: PlanParts): MintedPlan {
  return {
    ...shared(far, pace),
    kind: "minted",
    labels: false,
    mint: async () => await far.mint(undefined),
    identify: async value => await far.identify(String(value)),
  }
}

function shared(far: FarSide, pace: Pace) {
  const verdict = async (credential: { id?: string; value?: unknown }): Promise<Verdict> =>
    (await far.accepts(known(credential))) ? "works" : "refused"
  return {
    ...pace,
    overlap: true,
    verify: async ({ value }: { value: unknown }): Promise<Verdict> => await verdict({ value }),
    verifyOld: verdict,
    revoke: async (credential: { id?: string; value?: unknown }): Promise<void> =>
      await far.revoke(known(credential)),
  }
}

function known({ id, value }: { readonly id?: string; readonly value?: unknown }) {
  return {
    ...(id === undefined ? {} : { id }),
    ...(value === undefined ? {} : { value: String(value) }),
  }
}
