import { expect, it } from "vitest"
import { Secrets } from "../../src/secrets/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { Service } from "./model/service.ts"
import { ProgrammableStore, RETRY_AFTER } from "./model/store.ts"

function start() {
  const canary = newCanary()
  const clock = checkedFakeClock()
  const service = new Service()
  for (const name of ["a", "b"]) service.rotate(name, `${canary.text} ${name}`, new Date(clock.wall()))
  const programmable = new ProgrammableStore(service, clock, {
    versionedReads: false,
    batches: false,
    watched: false,
    deaf: false,
    dated: false,
  })
  const secrets = new Secrets(programmable.store, {
    clock,
    ttl: "1m",
    startupDeadline: "16s",
    random: () => 0.5,
  })
  return { canary, clock, programmable, secrets, settle: clock.settle }
}

/** Follows a promise to its end, without waiting for it. */
function followed(promise: Promise<unknown>): { end: unknown } {
  const follower: { end: unknown } = { end: undefined }
  promise.then(
    value => {
      follower.end = value
    },
    (error: unknown) => {
      follower.end = error
    },
  )
  return follower
}

it("tells a refresh at once that the store asks to wait, although a first read of the same name waits", async () => {
  const { canary, clock, programmable, secrets, settle } = start()
  const throttled = followed(secrets.get("a"))
  await settle()
  programmable.pending[0]?.answer("THROTTLED", 0)
  await settle()
  expect(throttled.end).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED", retryAfterMs: RETRY_AFTER })

  const first = followed(secrets.get("b"))
  await settle()
  const refreshed = followed(secrets.refresh("b"))
  await settle()
  expect(refreshed.end).toMatchObject({ code: "THROTTLED" })
  expect(first.end).toBeUndefined()
  await clock.advance("16s")
  expect(first.end).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED" })
  await secrets.close()
  expectNoLeak(canary, throttled, refreshed, first)
})

it("tells a refresh so, too, when the probe fails behind which it waits with a first read", async () => {
  const { canary, clock, programmable, secrets, settle } = start()
  const probing = followed(secrets.get("a"))
  await settle()
  programmable.pending[0]?.answer("UNAVAILABLE", 0)
  await clock.advance("1s")
  expect(programmable.pending).toHaveLength(1)

  const first = followed(secrets.get("b"))
  const refreshed = followed(secrets.refresh("b"))
  await settle()
  expect([first.end, refreshed.end]).toEqual([undefined, undefined])
  programmable.pending[0]?.answer("THROTTLED", 0)
  await settle()
  expect(refreshed.end).toMatchObject({ code: "THROTTLED" })
  expect(first.end).toBeUndefined()
  await clock.advance("16s")
  expect(first.end).toMatchObject({ code: "TIMEOUT", lastCode: "THROTTLED" })
  await secrets.close()
  expectNoLeak(canary, probing, refreshed, first)
})

it("ends a schema that is still thinking with close(), and leaves no timer behind for it", async () => {
  const { canary, clock, programmable, secrets, settle } = start()
  const thinking = { version: 1, vendor: "test", validate: () => new Promise<never>(() => {}) } as const
  const pending = followed(secrets.get("a", { schema: { "~standard": thinking } }))
  await settle()
  programmable.pending[0]?.answer("now", 0)
  await settle()
  expect(clock.pending).toHaveLength(2)
  await secrets.close()
  await settle()
  expect(pending.end).toMatchObject({ code: "CLOSED", secret: "a" })
  expect(clock.pending).toEqual([])
  expectNoLeak(canary, pending)
})
