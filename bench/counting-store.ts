import { defineStore, type NameRule, type SecretStore, type StoredSecret } from "latchkey"

/** A store that answers after a while and counts how it is asked: every secret holds its own name. */
export interface CountingStore {
  readonly store: SecretStore
  /** How many calls were made, batches and single reads together. */
  readonly calls: number
  /** How many were under way at the same time, at most. */
  readonly mostAtOnce: number
}

const NAMES: NameRule = {
  rule: "any portable name",
  toNative: portable => portable,
  toPortable: native => native,
  holds: () => true,
}

/**
 * @param latency milliseconds until an answer comes.
 * @param batchSize how many names it reads at once; 1 for a store without a batch.
 */
export function countingStore(latency: number, batchSize = 1): CountingStore {
  let calls = 0
  let underWay = 0
  let mostAtOnce = 0
  // A value arrives as bytes, as it does from a service.
  const secret = (name: string): StoredSecret => ({
    value: Buffer.from(`value of ${name}`).toString(),
    version: "1",
  })
  const answer = async <T>(make: () => T): Promise<T> => {
    calls += 1
    underWay += 1
    mostAtOnce = Math.max(mostAtOnce, underWay)
    await new Promise(resolve => setTimeout(resolve, latency))
    underWay -= 1
    return make()
  }
  const definition = {
    kind: "counting",
    location: "counting:",
    names: NAMES,
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: false,
      batchSize,
      binary: false,
      expiry: false,
      softDelete: false,
      local: false,
    },
    read: async (name: string) => await answer(() => secret(name)),
    ping: async () => {},
    close: async () => {},
  }
  const readMany = async (names: readonly string[]) =>
    await answer(() => new Map(names.map(name => [name, secret(name)])))
  return {
    store: defineStore(batchSize > 1 ? { ...definition, readMany } : definition),
    get calls() {
      return calls
    },
    get mostAtOnce() {
      return mostAtOnce
    },
  }
}
