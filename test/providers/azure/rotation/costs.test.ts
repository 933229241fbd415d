import { expect, test } from "vitest"
import { calm, scene } from "../scene.ts"

const NAME = "tally/api-token"

test("a rotation in a vault costs what the page says", async () => {
  const { server, store } = await scene()
  const base = server.put("tally--api-token", "the first value")
  const ledger = store.rotation()
  await store.read(NAME, calm)
  const requests: Record<string, number> = {}
  const counted = async <T>(what: string, call: T): Promise<Awaited<T>> => {
    server.log.clear()
    const answer = await call
    requests[what] = server.log.count()
    return answer
  }
  const of = { ...calm, rotationId: "r1" }
  await counted("check", ledger.check(NAME, calm))
  const { reference } = await counted("park", ledger.park(NAME, { ...of, value: "the second value" }))
  await counted("kept, by its reference", ledger.kept(NAME, { ...of, reference }))
  await counted("kept", ledger.kept(NAME, of))
  const journal = () => {
    throw new Error("a vault keeps no journals")
  }
  const asked = { ...of, value: "the second value", reference, expectBase: base, journal }
  const { version } = await counted("promote", ledger.promote(NAME, asked))
  await counted("since the newest", ledger.since?.(NAME, { ...calm, base: version }))
  await counted("since the base", ledger.since?.(NAME, { ...calm, base }))
  await counted("discard", ledger.discard(NAME, of))
  await counted("discard nothing", ledger.discard(NAME, of))
  expect(requests).toEqual({
    check: 2,
    park: 1,
    "kept, by its reference": 1,
    kept: 2,
    promote: 3,
    "since the newest": 1,
    "since the base": 2,
    discard: 5,
    "discard nothing": 2,
  })
})
