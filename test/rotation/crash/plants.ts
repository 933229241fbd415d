import { type Clock, type RotationLedger, SecretError, type SecretStore } from "../../../src/core/index.ts"

/** What a fault in a ledger may use. */
export interface PlantContext {
  readonly clock: Clock
  readonly store: SecretStore
}

/** A fault in a ledger. */
export type Plant = (ledger: RotationLedger, context: PlantContext) => RotationLedger

/** Writes the secret whatever it is by now. */
export const promotesUnconditionally: Plant = (ledger, { store }) => ({
  ...ledger,
  async promote(name, options) {
    const { version } = await store.read(name, options)
    return await ledger.promote(name, { ...options, expectBase: version })
  },
})

/** Keeps the last candidate that comes, and not the first. */
export const parksOverOthers: Plant = ledger => ({
  ...ledger,
  async park(name, options) {
    await ledger.discard(name, options)
    return await ledger.park(name, options)
  },
})

/** Lets whoever finds the lease over by the wall clock write the journal, whichever one it knows. */
export const savesByClock: Plant = (ledger, { clock }) => {
  const { journals } = ledger
  if (journals === undefined) throw new TypeError("the fault is one of journals, and there are none")
  return {
    ...ledger,
    journals: {
      ...journals,
      async save(name, journal, options) {
        const { journal: found } = await journals.load(name, options)
        const isFree = found === undefined || found.owner === journal.owner || found.leaseUntil < clock.wall()
        if (!isFree) throw new SecretError("CONFLICT", { message: "somebody else has the lease" })
        const expectSeq = found?.seq ?? 0
        await journals.save(name, { ...journal, seq: expectSeq + 1 }, { ...options, expectSeq })
      },
    },
  }
}
