// #region testing
import { Secret, Secrets } from "latchkey"
import { memory } from "latchkey/memory"
import { fakeClock, faulty } from "latchkey/testing"
import { expect, test } from "vitest"
import { greet } from "./greeting.ts"

test("code that takes a Secret needs no store", async () => {
  expect(await greet(Secret.fixed("tally/api-token", "tly-test"))).toBe("hello with 8 characters")
})

test("an outage of the store is survived, and seen", async () => {
  const clock = fakeClock()
  const store = faulty(memory({ "tally/api-token": "tly-test" }))
  const secrets = new Secrets(store, { clock })
  const token = await secrets.get("tally/api-token")

  store.faults.fail("read", "UNAVAILABLE")
  await clock.advance("10m")
  expect(token.reveal()).toBe("tly-test")
  expect(secrets.health().status).toBe("degraded")
  await secrets.close()
})
// #endregion
