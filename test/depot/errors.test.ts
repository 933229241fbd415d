import { isSecretError, type SecretError } from "latchkey"
import { expect, onTestFinished, test } from "vitest"
import { newCanary } from "../support/canary.ts"
import { depot } from "./index.ts"
import { type DepotServer, startDepot } from "./server.ts"

const calm = { signal: new AbortController().signal }

async function started(token: string): Promise<DepotServer> {
  const server = await startDepot(token)
  onTestFinished(async () => await server.close())
  return server
}

async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isSecretError(thrown)) throw new Error("the call did not fail with an error of ours")
  return thrown
}

test.for([
  [401, "UNAUTHENTICATED", undefined],
  [403, "DENIED", undefined],
  [404, "NOT_FOUND", undefined],
  [410, "DISABLED", undefined],
  [412, "CONFLICT", undefined],
  [413, "INVALID_VALUE", undefined],
  [429, "THROTTLED", undefined],
  [418, "UNAVAILABLE", "unknown"],
  [500, "UNAVAILABLE", "unknown"],
  [503, "UNAVAILABLE", "unknown"],
] as const)("a write that ends with %i is %s, its outcome %s", async ([status, code, outcome]) => {
  const canary = newCanary()
  const server = await started(canary.text)
  const store = depot({ url: server.url, token: server.token })
  server.failWith(status, { "x-echo": canary.text })
  const error = canary.watch(await errorOf(store.write("tally/api-token", canary.text, calm)), store)
  expect([error.code, error.outcome, error.secret]).toEqual([code, outcome, "tally/api-token"])
})

test("a server that asks to wait is believed", async () => {
  const server = await started("token")
  const store = depot({ url: server.url, token: server.token })
  server.failWith(429, { "retry-after": "7" })
  expect((await errorOf(store.read("tally/api-token", calm))).retryAfterMs).toBe(7_000)
})

test("a server that is gone is UNAVAILABLE, and a read has no outcome that could be unknown", async () => {
  const server = await started("token")
  await server.close()
  const store = depot({ url: server.url, token: server.token })
  const error = await errorOf(store.read("tally/api-token", calm))
  expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
})
