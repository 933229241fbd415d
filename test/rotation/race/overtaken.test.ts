import { expect, it } from "vitest"
import type { RotationJournal } from "../../../src/core/index.ts"
import type { RotationOutcome } from "../../../src/rotation/index.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { generatedPlan } from "../support/far-side.ts"
import { NAME, type Scene, scene } from "../support/scene.ts"

/** A replica stops right after it has written a journal, until something has come to its end on another one. */
async function stopAfter(
  state: RotationJournal["state"],
  { store, replica }: Scene,
  meanwhile: () => Promise<unknown>,
): Promise<RotationOutcome | undefined> {
  const stopped = deferred()
  const going = deferred()
  const stopping = {
    ...store,
    rotation() {
      const ledger = store.rotation()
      const { journals } = ledger
      if (journals === undefined) throw new TypeError("the ledger keeps no journals")
      const save: typeof journals.save = async (name, journal, options) => {
        await journals.save(name, journal, options)
        if (journal.state !== state) return
        stopped.resolve()
        await going.promise
      }
      return { ...ledger, journals: { ...journals, save } }
    },
  }
  // Its own clock stands still with it, so that it does not give up by itself.
  const looking = replica({ store: stopping, clock: checkedFakeClock() }).tick()
  await stopped.promise
  await meanwhile()
  going.resolve()
  return (await looking).outcomes[0]
}

it("tells that it was rotated when others have carried it to its end meanwhile", async () => {
  const all = await scene({ plan: far => generatedPlan(far) })
  const old = await all.value()
  const outcome = await stopAfter("applied", all, async () => {
    await all.clock.advance("3m")
    expect(await all.tick()).toMatchObject({ happened: "waiting", state: "promoted" })
    await all.clock.advance("66m")
    expect(await all.tick()).toMatchObject({ happened: "rotated" })
  })
  expect(await all.value()).not.toBe(old)
  expect(outcome).toMatchObject({ happened: "rotated", state: "idle", moved: true })
  expect(outcome?.problem).toBeUndefined()
})

it("tells that the attempt was given up when others have given it up meanwhile", async () => {
  const all = await scene({ plan: far => generatedPlan(far) })
  const old = await all.value()
  const outcome = await stopAfter("parked", all, async () => {
    await all.clock.advance("3m")
    expect(await all.done(all.rotator.abort(NAME))).toMatchObject({ happened: "taken-back" })
  })
  expect(await all.value()).toBe(old)
  expect(outcome).toMatchObject({ happened: "failed", state: "idle" })
})

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}
