import { expect, it } from "vitest"
import { z } from "zod"
import { memory } from "../../providers/memory/index.ts"
import { isSecretError, Secrets } from "../../src/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"

it("a schema of zod that rejects after a wait refuses the value, and leaves no rejection to nobody", async () => {
  const canary = newCanary()
  const schema = z.string().transform(async value => {
    await Promise.resolve()
    throw new Error(`no ${value}`)
  })
  const secrets = new Secrets(memory({ token: canary.text }), { clock: checkedFakeClock() })
  const error: unknown = await secrets.get("token", { schema }).catch(thrown => thrown)
  expect(isSecretError(error) && error.code).toBe("INVALID_VALUE")
  canary.watch(error)
  await secrets.close()
})

it("a schema of zod that waits gives its output, now and after a change", async () => {
  const schema = z.string().transform(async value => value.length)
  const store = memory({ token: "four" })
  const secrets = new Secrets(store, { clock: checkedFakeClock() })
  const length = await secrets.get("token", { schema })
  expect(length.reveal()).toBe(4)
  await secrets.put("token", "eleven long")
  expect(length.reveal()).toBe(11)
  await secrets.close()
})
