import { expect, test } from "vitest"
import { calm } from "../support.ts"
import { askedOf, discard, load, NAME, park, promote, save, scene } from "./scene.ts"

/** How many requests each step of a rotation makes, in the order of docs/gcp.md. */
async function costs(options: { readonly version?: string }) {
  const { server, ledger, put } = await scene(options)
  const requests: Record<string, number> = {}
  const counted = async <T>(what: string, call: T): Promise<Awaited<T>> => {
    askedOf(server)
    const answer = await call
    requests[what] = askedOf(server).length
    return answer
  }
  await ledger.check(NAME, calm)
  await counted("save", save(ledger, 1))
  await counted("load", load(ledger))
  await counted("current", ledger.current?.(NAME, calm))
  const { reference } = await counted("park", park(ledger, "the second value"))
  await counted("park again", park(ledger, "another"))
  const asked = { value: "the second value", reference, expectBase: "1", seq: 2 }
  await counted("promote", promote(ledger, asked))
  await counted("since", ledger.since?.(NAME, { ...calm, base: "2" }))
  await counted("discard", discard(ledger))
  await park(ledger, "of no use", "r2")
  await counted("discard what was not promoted", discard(ledger, "r2"))
  const base = put("by hand")
  await counted("promote what was not parked", promote(ledger, { value: "a set", expectBase: base, seq: 3 }))
  return requests
}

test("a rotation for readers of an alias costs what the page says", async () => {
  expect(await costs({ version: "current" })).toEqual({
    save: 2,
    load: 2,
    current: 3,
    park: 4,
    "park again": 2,
    promote: 3,
    since: 0,
    discard: 2,
    "discard what was not promoted": 5,
    "promote what was not parked": 4,
  })
})

test("a rotation for readers of the newest version costs what the page says", async () => {
  expect(await costs({})).toEqual({
    save: 2,
    load: 2,
    current: 2,
    park: 2,
    "park again": 2,
    promote: 8,
    since: 2,
    discard: 9,
    "discard what was not promoted": 4,
    "promote what was not parked": 13,
  })
})
