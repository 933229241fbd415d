import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretStore } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, without } from "../support/rig.ts"

const MINUTE = 60_000

const two = () =>
  rig((clock, { text }) =>
    faulty(without(memory({ a: text, b: text }, { clock }), "watch", "versions") as SecretStore, { clock }),
  )

describe("health()", () => {
  it("is well of a store that nobody has asked yet", () => {
    const { secrets } = two()
    expect(secrets.health()).toEqual({
      status: "ok",
      ready: true,
      store: "memory:",
      secrets: [],
      listenerFailures: 0,
    })
  })

  it("says of each secret its version, its age and when it is read next, and nothing more when all is well", async () => {
    const { secrets, clock } = two()
    await secrets.getMany({ a: "a", b: "b" })
    await clock.advance("1m")
    expect(secrets.health()).toEqual({
      status: "ok",
      ready: true,
      store: "memory:",
      secrets: ["a", "b"].map(name => ({
        name,
        version: "v1",
        age: MINUTE,
        stale: false,
        usable: true,
        nextRefresh: 1.5 * MINUTE,
      })),
      listenerFailures: 0,
    })
  })

  it("asks nobody", async () => {
    const { secrets, store, clock } = two()
    await secrets.getMany({ a: "a", b: "b" })
    store.calls.clear()
    for (let minute = 0; minute < 3; minute++) secrets.health()
    await clock.settle()
    expect(store.calls.count()).toBe(0)
  })

  it("is degraded and ready while a value is served that could not be refreshed", async () => {
    const { secrets, store, clock } = two()
    await secrets.getMany({ a: "a", b: "b" })
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    await clock.advance("3m")
    const health = secrets.health()
    expect(health).toMatchObject({ status: "degraded", ready: true })
    expect(health.secrets[0]).toMatchObject({
      name: "a",
      age: 3 * MINUTE,
      stale: true,
      usable: true,
      lastError: "UNAVAILABLE",
    })
  })

  it("has failed and is not ready as soon as one secret cannot be revealed", async () => {
    const { secrets, store, clock, failure } = two()
    await secrets.getMany({ a: "a", b: "b" })
    store.faults.fail(["read", "readMany"], "DENIED", { name: "a" })
    await failure(secrets.refresh("a"))
    await clock.advance("1s")
    const health = secrets.health()
    expect(health).toMatchObject({ status: "failed", ready: false })
    expect(health.secrets.map(each => [each.name, each.usable, each.lastError])).toEqual([
      ["a", false, "DENIED"],
      ["b", true, undefined],
    ])
    await store.faults.heal()
    await clock.advance("10m")
    expect(secrets.health()).toMatchObject({ status: "ok", ready: true })
  })

  it("does not count what was asked for and is not there", async () => {
    const { secrets } = two()
    await secrets.get("a")
    await secrets.getOptional("missing")
    expect(secrets.health()).toMatchObject({ status: "ok", ready: true, secrets: [{ name: "a" }] })
  })

  it("says nothing of the next refresh while one is under way", async () => {
    const { secrets, store, clock } = two()
    await secrets.get("a")
    store.faults.hang("read")
    await clock.advance("151s")
    expect(secrets.health().secrets[0]).not.toHaveProperty("nextRefresh")
    await store.faults.heal()
    expect(secrets.health().secrets[0]?.nextRefresh).toBeGreaterThan(0)
  })

  it("says when a secret expires, where the store knows", async () => {
    const expiresAt = new Date("2026-02-01")
    const { secrets } = rig((clock, { text }) => faulty(memory({ a: text }, { clock }), { clock }))
    secrets.store.faults.change(answer => ({ ...answer, expiresAt }))
    const handle = await secrets.get("a")
    expect(secrets.health().secrets[0]?.expiresAt).toEqual(expiresAt)
    expect(handle.status.expiresAt).toEqual(expiresAt)
  })

  it("has failed after close(), because nothing is refreshed any more", async () => {
    const { secrets } = two()
    await secrets.get("a")
    await secrets.close()
    expect(secrets.health()).toMatchObject({ status: "failed", ready: false })
  })

  it("can be shown as JSON, and holds no value", async () => {
    const { secrets, store, clock, canary } = two()
    await secrets.getMany({ a: "a", b: "b" })
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    await clock.advance("3m")
    const shown = canary.watch(JSON.stringify(secrets.health()))
    expect(JSON.parse(shown)).toEqual(secrets.health())
  })
})
