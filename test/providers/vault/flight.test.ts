import { expect, test } from "vitest"
import { flight } from "../../../providers/vault/flight.ts"
import { errorOf } from "../calls.ts"

function endless() {
  const signals: AbortSignal[] = []
  const work = flight<string>(signal => {
    signals.push(signal)
    return new Promise<string>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("ended")))
    })
  })
  return { work, signals }
}

test("work goes on while one waits for it, and ends with the last who does", async () => {
  const { work, signals } = endless()
  const [first, second] = [new AbortController(), new AbortController()]
  const waiting = [errorOf(work.join(first.signal)), errorOf(work.join(second.signal))] as const
  first.abort()
  expect((await waiting[0]).code).toBe("ABORTED")
  expect([signals.length, signals[0]?.aborted, work.isUnderWay]).toEqual([1, false, true])
  second.abort()
  expect((await waiting[1]).code).toBe("ABORTED")
  expect([signals[0]?.aborted, work.isUnderWay]).toEqual([true, false])
})

test("whoever comes after the last has left gets work of his own", async () => {
  const { work, signals } = endless()
  const first = new AbortController()
  const left = errorOf(work.join(first.signal))
  first.abort()
  expect((await left).code).toBe("ABORTED")
  const second = new AbortController()
  const waiting = errorOf(work.join(second.signal))
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  second.abort()
  await waiting
})

test("whoever comes aborted starts nothing", async () => {
  const { work, signals } = endless()
  expect((await errorOf(work.join(AbortSignal.abort()))).code).toBe("ABORTED")
  expect(signals).toEqual([])
})

test("a signal that many share gathers no listeners", async () => {
  const { signal } = new AbortController()
  const [add, remove] = [signal.addEventListener, signal.removeEventListener]
  let listeners = 0
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners += 1
    add.apply(signal, given)
  }
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners -= 1
    remove.apply(signal, given)
  }
  const work = flight(async () => "done")
  for (let round = 0; round < 5; round++) await Promise.all([work.join(signal), work.join(signal)])
  expect(listeners).toBe(0)
})
