import { untilAborted } from "../../src/core/index.ts"

/** Does some work when all earlier work under the same key has ended. */
export type InTurn = <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>

/**
 * Lets work under one key go one after the other, in the order in which it came. Key Vault answers 409 to changes of one
 * secret that meet.
 */
export function oneAtATime(): InTurn {
  const ends = new Map<string, Promise<unknown>>()
  return async (key, signal, work) => {
    const before = ends.get(key)
    let done = (): void => undefined
    const mine = new Promise<void>(resolve => {
      done = resolve
    })
    // Whoever leaves the row does not let those behind it pass those before it.
    const end = Promise.all([before, mine])
    ends.set(key, end)
    try {
      if (before !== undefined) await untilAborted(signal, async () => await before)
      return await work()
    } finally {
      done()
      if (ends.get(key) === end) ends.delete(key)
    }
  }
}
