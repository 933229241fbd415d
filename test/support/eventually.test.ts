import { expect, it, onTestFinished, vi } from "vitest"
import { eventually, PATIENCE } from "./eventually.ts"

it("checks until a check does not throw, and gives what that one gave", async () => {
  let checks = 0
  const seen = await eventually(() => {
    expect(++checks).toBe(3)
    return "seen"
  })
  expect([seen, checks]).toEqual(["seen", 3])
})

it("waits for one check before it begins the next", async () => {
  const told: string[] = []
  await eventually(async () => {
    told.push("begins")
    await new Promise<void>(resolve => setImmediate(resolve))
    told.push("ends")
    expect(told).toHaveLength(6)
  })
  expect(told).toEqual(["begins", "ends", "begins", "ends", "begins", "ends"])
})

it("ends with the last failure, which says for how long it was so, and what was expected", async () => {
  let checks = 0
  const failure = await failureOf(eventually(() => expect(++checks).toBe(0), { atMost: 20 }))
  expect(failure.message).toMatch(/^still so after 20 ms of waiting: expected \d+ to be \+?0/)
  expect(failure).toMatchObject({ name: "AssertionError", expected: 0, actual: checks })
})

it("checks once more after the machine has stood still for all of the time", async () => {
  let there = false
  const seen = await eventually(
    () => {
      expect(there).toBe(true)
      return "there"
    },
    {
      get atMost() {
        setImmediate(() => {
          const begun = performance.now()
          while (performance.now() - begun < 60);
          there = true
        })
        return 30
      },
    },
  )
  expect(seen).toBe("there")
})

it("says that a check came to no end, and how the one before it failed", async () => {
  let checks = 0
  const failure = await failureOf(
    eventually(() => (++checks < 2 ? Promise.reject(new Error("not yet")) : new Promise(() => undefined)), {
      atMost: 1_000,
    }),
  )
  expect(failure.message).toBe("a check came to no end, after 1000 ms of waiting: not yet")
})

it("takes what is no error for a failure, too", async () => {
  const failure = await failureOf(eventually(() => Promise.reject("nothing here"), { atMost: 0 }))
  expect(failure.message).toBe("still so after 0 ms of waiting: nothing here")
})

it("goes by the clock of the machine, whatever the test has put in its place", async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let checks = 0
  await eventually(() => expect(++checks).toBe(3))
})

it("gives up before the test itself is ended", context => {
  expect(PATIENCE + 3_000).toBeLessThan(context.task.timeout)
})

async function failureOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return await promise.then(
    () => Promise.reject(new Error("did not fail")),
    failure => failure,
  )
}
