import { expect, test, vi } from "vitest"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, errorOf, rig } from "./support.ts"

/** An SDK that does not look at the signal of a call, as most versions of google-gax do not. */
vi.mock("@google-cloud/secret-manager", async importOriginal => {
  const { SecretManagerServiceClient } = await importOriginal<{
    SecretManagerServiceClient: new (
      settings: object,
    ) => { accessSecretVersion(request: object, options: object): Promise<unknown> }
  }>()
  return {
    SecretManagerServiceClient: class extends SecretManagerServiceClient {
      override async accessSecretVersion(request: object, options: { readonly signal?: AbortSignal }) {
        const { signal: _, ...heard } = options
        return await super.accessSecretVersion(request, heard)
      }
    },
  }
})

test("a call that is given up ends at the service", async () => {
  const { server, store } = await rig()
  server.faults.next({ hang: true })
  const leaving = new AbortController()
  const left = errorOf(store.ping(leaving))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  leaving.abort()
  expect((await left).code).toBe("ABORTED")
  await eventually(() => expect(server.log.requests[0]?.ended).toBe("CANCELLED"))
})

test("a call that is given up takes no other one with it, nor does one that was answered", async () => {
  const { server, store } = await rig()
  server.put("tally--api-token", "tly-1")
  const answered = new AbortController()
  await store.read("tally/api-token", answered)
  server.faults.next({ hang: true })
  const door = gate()
  server.faults.next({ heldUntil: door.promise })
  const leaving = new AbortController()
  const left = errorOf(store.ping(leaving))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  const kept = store.read("tally/api-token", calm)
  await eventually(() => expect(server.log.inFlight).toBe(2))
  leaving.abort()
  answered.abort()
  expect((await left).code).toBe("ABORTED")
  door.open()
  expect((await kept).version).toBe("1")
})

test("closing ends the calls that are under way at the service", async () => {
  const { server, store } = await rig()
  server.faults.next({ hang: true })
  const left = errorOf(store.read("tally/api-token", calm))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  await store.close()
  expect((await left).code).toBe("CLOSED")
  await eventually(() => expect(server.log.requests[0]?.ended).toBe("CANCELLED"))
})
