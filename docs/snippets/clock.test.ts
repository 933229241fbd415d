// #region clock
import { Secrets } from "latchkey"
import { memory } from "latchkey/memory"
import { fakeClock, secretsEqual } from "latchkey/testing"
import { expect, test } from "vitest"

expect.addEqualityTesters([secretsEqual]) // without it, any two secrets are equal to toEqual

test("a new token is used from the next round on", async () => {
  const clock = fakeClock()
  const store = memory({ "tally/api-token": "one" })
  await using secrets = new Secrets(store, { clock, ttl: "1m" })
  const token = await secrets.get("tally/api-token")

  await store.write("tally/api-token", "two", { signal: AbortSignal.timeout(10_000) })
  await clock.advance("1m") // fires what is due, and lets everything happen that follows from it
  expect(token.reveal()).toBe("two")
  expect(token.previous?.reveal()).toBe("one")
})
// #endregion
