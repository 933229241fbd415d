import { expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig } from "../support/rig.ts"

const NAMES = Array.from({ length: 100 }, (_, index) => `app/secret-n${index}`)

const refusedLogin = () =>
  rig((clock, canary) => {
    const store = memory(Object.fromEntries(NAMES.map(name => [name, `${canary.text} ${name}`])), { clock })
    return faulty(without(store), { clock })
  })

/** Without batches, or one call would be all there is. */
function without(store: ReturnType<typeof memory>) {
  const { readMany: _, ...single } = store
  return single
}

it("a login that is refused is told at once to all who ask, without asking for each of a hundred secrets", async () => {
  const { secrets, store, failure } = refusedLogin()
  store.faults.fail("read", "UNAUTHENTICATED")
  const error = await failure(secrets.getMany(Object.fromEntries(NAMES.map(name => [name, name]))))
  expect(error.code).toBe("UNAUTHENTICATED")
  expect(error.problems).toHaveLength(100)
  expect(store.calls.count("read")).toBeLessThan(25)
  await failure(secrets.get("app/secret-n1"))
  expect(await failure(secrets.get("app/secret-n2"))).toMatchObject({ code: "UNAUTHENTICATED" })
})

it("a login that is refused in mid-life does not make a hundred secrets knock on the door, and is noticed when it works", async () => {
  const { secrets, store, clock } = refusedLogin()
  const handles = await secrets.getMany(Object.fromEntries(NAMES.map(name => [name, name])))
  const fault = store.faults.fail("read", "UNAUTHENTICATED")
  await clock.advance("5m")
  const before = store.calls.count("read")
  await clock.advance("10m")
  expect(store.calls.count("read") - before).toBeLessThan(120)
  expect(handles["app/secret-n1"]?.status.stale).toBe(true)
  fault.end()
  await clock.advance("5m")
  expect(secrets.health().status).toBe("ok")
})
