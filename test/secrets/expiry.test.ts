import { describe, expect, it } from "vitest"
import { defineStore, type SecretStore } from "../../src/core/index.ts"
import type { SecretsOptions } from "../../src/secrets/index.ts"
import { rig } from "../support/rig.ts"

const MINUTE = 60_000

/** A store whose values end so long after they are read, or did so before, and the moments at which it was read. */
function ending(lifetimeOf: (reading: number) => number, options: SecretsOptions = {}) {
  const reads: number[] = []
  const made = rig(
    (clock, { text }): SecretStore =>
      defineStore({
        kind: "leases",
        location: "leases:",
        names: { rule: "any", toNative: name => name, toPortable: name => name, holds: () => true },
        capabilities: {
          preconditions: { absent: false, version: false },
          versionedReads: false,
          batchSize: 1,
          binary: false,
          expiry: false,
          softDelete: false,
          local: false,
        },
        async read() {
          reads.push(clock.monotonic())
          const expiresAt = new Date(clock.wall() + lifetimeOf(reads.length))
          return { value: `${text} ${reads.length}`, version: String(reads.length), expiresAt }
        },
        async ping() {},
        async close() {},
      }),
    { random: () => 0, ...options },
  )
  return { ...made, reads }
}

/** How far the readings lie apart, but for the first: its place in the time to live is a matter of chance. */
const gapsOf = (reads: readonly number[]) => reads.slice(2).map((at, index) => at - (reads[index + 1] ?? 0))

describe("a value that says when it ends", () => {
  it("is read again when two thirds of its time are over, if that comes before its ttl", async () => {
    const { secrets, clock, reads } = ending(() => 3 * MINUTE)
    const handle = await secrets.get("creds/app")
    for (let minutes = 0; minutes < 9; minutes++) {
      await clock.advance("1m")
      handle.reveal()
    }
    expect(gapsOf(reads)).toEqual([2 * MINUTE, 2 * MINUTE, 2 * MINUTE, 2 * MINUTE])
  })

  it("never shows what has ended, however short its time is against the ttl", async () => {
    const { secrets, clock } = ending(() => 60_000, { ttl: "1h" })
    const handle = await secrets.get("creds/app")
    for (let seconds = 0; seconds < 300; seconds++) {
      await clock.advance("1s")
      handle.reveal()
      expect(handle.status.expiresAt?.getTime()).toBeGreaterThan(clock.wall())
      expect(handle.status.stale).toBe(false)
    }
  })

  it.for([
    ["it ends after that", 60 * MINUTE],
    ["it has ended already", -MINUTE],
    ["it ends at this moment", 0],
  ] as const)("is read every ttl, if %s", async ([, lifetime]) => {
    const { secrets, clock, reads } = ending(() => lifetime)
    const handle = await secrets.get("creds/app")
    await clock.advance("16m")
    handle.reveal()
    expect(gapsOf(reads)).toEqual([5 * MINUTE, 5 * MINUTE, 5 * MINUTE])
  })

  it("is not read more than once a second, however short its time is", async () => {
    const { secrets, clock, reads } = ending(() => 30)
    const handle = await secrets.get("creds/app")
    await clock.advance("10s")
    handle.reveal()
    expect(reads.length).toBeGreaterThan(8)
    expect(Math.min(...gapsOf(reads))).toBeGreaterThanOrEqual(1_000)
  })

  it("is asked for anew, once it is due, where nothing runs in the background", async () => {
    const { secrets, clock, reads } = ending(() => 3 * MINUTE, { refresh: "on-read" })
    await secrets.get("creds/app")
    await clock.advance("119s")
    await secrets.get("creds/app")
    await secrets.fresh("5m")
    expect(reads).toHaveLength(1)
    await clock.advance("2s")
    await secrets.get("creds/app")
    expect(reads).toHaveLength(2)
    await clock.advance("121s")
    await secrets.fresh("5m")
    expect(reads).toHaveLength(3)
  })
})
