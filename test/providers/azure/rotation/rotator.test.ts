import { memory } from "latchkey/memory"
import { generatedKey, journalIn, Rotator } from "latchkey/rotation"
import { describe, expect, it, onTestFinished } from "vitest"
import { rotated } from "../../../rotation/support/rotated.ts"
import { calm, collected, scene } from "../scene.ts"

const NAME = "tally/api-token"

/** Readers that see the new value at once, so that a grace is over in no time. */
const consumers = { ttl: "1ms", maxStale: "0s", callTimeout: "1ms", tokenLifetime: "0s" } as const

describe("a Rotator on a vault", () => {
  it("carries a rotation to its end, also when answers are lost on the way, with its journals in another store", async () => {
    const { server, store } = await scene()
    server.put("tally--api-token", "the first value")
    const journals = journalIn(memory(), { of: store })
    const plan = generatedKey({ consumers, bytes: 16, encoding: "hex" })
    const rotator = new Rotator({ store, journals, rotations: { [NAME]: { plan } } })
    onTestFinished(async () => await rotator.close())
    const values = new Set<string>()
    const points = [3, 6, 10, 15]
    for (const point of points) {
      for (const fault of [{ status: 503 }, { lost: true }] as const) {
        const before = server.versions("tally--api-token").length
        server.faults.next({ slow: 0, times: point })
        server.faults.next(fault)
        await rotated(rotator, NAME)
        server.faults.heal()
        expect(server.versions("tally--api-token").length).toBeGreaterThan(before)
        values.add(String((await store.read(NAME, calm)).value))
      }
    }
    expect(values.size).toBe(2 * points.length)
    expect((await collected(store.list(calm))).map(({ name }) => name)).toEqual([NAME])
    expect(server.names().filter(name => name.startsWith("latchkey--"))).toEqual([])
  }, 60_000)

  it("does not begin without another place for its journals", async () => {
    const { store } = await scene()
    const plan = generatedKey({ consumers, bytes: 16, encoding: "hex" })
    expect(() => new Rotator({ store, rotations: { [NAME]: { plan } } })).toThrow(/compare-and-set/)
  })
})
