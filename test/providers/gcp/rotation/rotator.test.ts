import { generatedKey, Rotator } from "latchkey/rotation"
import { describe, expect, it, onTestFinished } from "vitest"
import { rotated } from "../../../rotation/support/rotated.ts"
import { calm } from "../support.ts"
import { ID, load, NAME, scene } from "./scene.ts"

/** Readers that see the new value at once, so that a grace is over in no time. */
const consumers = { ttl: "1ms", maxStale: "0s", callTimeout: "1ms", tokenLifetime: "0s" } as const

describe("a Rotator on Secret Manager", () => {
  for (const version of ["current", "latest"]) {
    it(`carries a rotation to its end, also when answers are lost on the way, for readers of ${version}`, async () => {
      const { server, store, ledger } = await scene({ version })
      const plan = generatedKey({ consumers, bytes: 16, encoding: "hex" })
      const rotator = new Rotator({ store, rotations: { [NAME]: { plan } } })
      onTestFinished(async () => await rotator.close())
      const values = new Set<string>()
      const points = [7, 16, 23, 31, 40]
      for (const point of points) {
        for (const afterEffect of [false, true]) {
          const seq = (await load(ledger))?.seq ?? 0
          server.faults.next({ slowMs: 0, times: point })
          server.faults.next({ code: "UNAVAILABLE", afterEffect })
          await rotated(rotator, NAME)
          server.faults.clear()
          expect((await load(ledger))?.seq).toBeGreaterThan(seq)
          values.add(String((await store.read(NAME, calm)).value))
        }
      }
      expect(values.size).toBe(2 * points.length)
      expect(server.secrets()).toEqual([ID])
    }, 60_000)
  }
})
