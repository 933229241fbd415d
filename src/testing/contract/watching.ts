import { pause, type SecretError, type SecretStore, systemClock } from "../../core/index.ts"
import { calm, ensure, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, ensureReads } from "./check.ts"

/** How long at least is waited for a hint that should not come, in milliseconds. */
const AT_LEAST = 20

/** Hints that something may have changed. */
export const watchingChecks: readonly Check[] = [
  watching("gives a hint after a change, once it is armed", async (bench, arm) => {
    const [name, value] = [bench.name("token"), bench.value()]
    await bench.put(name, bench.value())
    const watch = await arm()
    await bench.put(name, value)
    await bench.within(watch.hinted(name), "a hint comes after a change")
    await ensureReads(bench.store, name, value, "a read after the hint")
  }),
  watching("gives a hint for each of several changes in a row", async (bench, arm) => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const watch = await arm()
    for (let round = 0; round < 3; round++) {
      const value = bench.value()
      watch.forget()
      await bench.put(name, value)
      await bench.within(watch.hinted(name), `a hint comes after change ${round + 1}`)
      await ensureReads(bench.store, name, value, `a read after hint ${round + 1}`)
    }
  }),
  watching("gives a hint for a secret that appears, and for one that goes", async (bench, arm) => {
    const name = bench.name("token")
    const watch = await arm()
    await bench.put(name, bench.value())
    await bench.within(watch.hinted(name), "a hint comes for a new secret")
    if (bench.remove === undefined) return
    watch.forget()
    await bench.remove(name)
    await bench.within(watch.hinted(name), "a hint comes for a secret that goes")
  }),
  watching("ends when its signal aborts, and without calling that a failure", async (bench, arm) => {
    const name = bench.name("token")
    const [ended, other] = [await arm(), await arm()]
    ended.end()
    ended.forget()
    other.forget()
    await bench.put(name, bench.value())
    await bench.within(other.hinted(name), "a hint comes to the watch that goes on")
    ensure(ended.count === 0, "the watch that was ended gets no hint")
    ensure(ended.failure === undefined, "the watch that was ended has not failed")
  }),
  watching("gives no hint any more once the store is closed", async (bench, arm) => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const watch = await arm()
    const before = systemClock.monotonic()
    await bench.put(name, bench.value())
    await bench.within(watch.hinted(name), "a hint comes before the store is closed")
    const took = systemClock.monotonic() - before
    await bench.store.close()
    watch.forget()
    await bench.put(name, bench.value())
    // Nothing tells of a hint that does not come: waits for longer than the one before took.
    await pause(systemClock, AT_LEAST + 2 * took, calm().signal)
    ensure(watch.count === 0, "a watch ends with its store")
  }),
  watching("does not begin with a signal that has aborted", async (bench, arm) => {
    await ensureRejects(() => arm(AbortSignal.abort()), "ABORTED", "arming with an aborted signal")
    await bench.put(bench.name("token"), bench.value())
  }),
]

interface Watch {
  /** How many hints came since the last `forget()`. */
  readonly count: number
  readonly failure: SecretError | undefined
  /** Resolves when a hint came that may mean this name. */
  hinted(name: string): Promise<void>
  forget(): void
  end(): void
}

type Arm = (signal?: AbortSignal) => Promise<Watch>

function watching(sentence: string, run: (bench: Bench, arm: Arm) => Promise<void>): Check {
  return {
    name: `${sentence}, where it can watch`,
    async run(bench) {
      const { store } = bench
      if (store.watch === undefined) return
      const endAll = new AbortController()
      try {
        await run(bench, signal => watchOf(bench, store, signal ?? endAll.signal))
      } finally {
        endAll.abort()
      }
    },
  }
}

async function watchOf(bench: Bench, store: SecretStore, outer: AbortSignal): Promise<Watch> {
  const ending = new AbortController()
  const signal = AbortSignal.any([outer, ending.signal])
  let hints: (string | undefined)[] = []
  let failure: SecretError | undefined
  let waiting: (() => void)[] = []

  const wake = (): void => {
    for (const one of waiting.splice(0)) one()
  }
  const arming = store.watch?.(
    name => {
      hints.push(name)
      wake()
    },
    {
      signal,
      failed(error) {
        failure = error
        wake()
      },
    },
  )
  await bench.within(Promise.resolve(arming), "the watch is armed")
  return {
    get count() {
      return hints.length
    },
    get failure() {
      return failure
    },
    async hinted(name) {
      while (!hints.some(hint => hint === undefined || store.canonical(hint) === name)) {
        ensure(failure === undefined, `the watch goes on (it ended with ${failure?.code})`)
        await new Promise<void>(resolve => waiting.push(resolve))
      }
    },
    forget() {
      hints = []
      waiting = []
    },
    end: () => ending.abort(),
  }
}
