import type { Change } from "../../src/core/index.ts"

/** What a callback was told, revealed. */
export interface Told {
  readonly current: string
  readonly previous: string | undefined
  readonly version: string
  readonly previousVersion: string | undefined
}

/** What a change tells, with its values. */
export function revealed(change: Change<string>): Told {
  const { current, previous, version, previousVersion } = change
  return { current: current.reveal(), previous: previous?.reveal(), version, previousVersion }
}

/** A callback that notes what it is told; `then` says how each run ends. */
export function recorder(then: (run: number) => unknown = () => undefined) {
  const told: Told[] = []
  const callback = async (change: Change<string>): Promise<void> => {
    told.push(revealed(change))
    await then(told.length)
  }
  return { told, callback, values: () => told.map(({ current }) => current) }
}

/** A function that throws this. */
export const failing = (thrown: unknown) => () => {
  throw thrown
}
