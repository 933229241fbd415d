import { describe, expect, it } from "vitest"
import { z } from "zod"
import { memory } from "../../providers/memory/index.ts"
import { type ConfigError, loadConfig, secret, setting } from "../../src/config/index.ts"
import { type SecretEvents, Secrets } from "../../src/secrets/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"

const Config = z.object({
  token: secret("tally/api-token", z.string().startsWith("tly-")),
  limit: secret("limits#perMinute", z.coerce.number().int()),
  key: secret("key", undefined, { format: "bytes" }),
  port: setting("PORT", z.coerce.number().default(3000)),
})

describe("the secrets of a configuration", () => {
  it("show a new version once their schema has accepted it, and keep the old one when it does not", async () => {
    const clock = checkedFakeClock()
    const canary = newCanary()
    const store = memory(
      { "tally/api-token": "tly-1", limits: '{"perMinute":"100"}', key: new Uint8Array([0xff]) },
      { clock },
    )
    await using secrets = new Secrets(store, { clock, ttl: "5m", jitter: "0%" })
    const refusals: SecretEvents["refused"][] = []
    secrets.on("refused", event => refusals.push(event))
    const config = canary.watch(await loadConfig(Config, { secrets, settings: {} }), secrets, refusals)
    expect([config.token.reveal(), config.limit.reveal(), config.key.reveal()]).toEqual([
      "tly-1",
      100,
      new Uint8Array([0xff]),
    ])

    const { signal } = new AbortController()
    await store.write("tally/api-token", canary.text, { signal })
    await clock.advance("6m")
    expect(config.token.reveal()).toBe("tly-1")
    expect(refusals).toMatchObject([{ secret: "tally/api-token", code: "INVALID_VALUE" }])

    await store.write("tally/api-token", `tly-${canary.text}`, { signal })
    await store.write("limits", '{"perMinute":"200"}', { signal })
    await clock.advance("6m")
    expect(config.token.reveal()).toBe(`tly-${canary.text}`)
    expect(config.limit.reveal()).toBe(200)
  })

  it("are read in one round", async () => {
    const clock = checkedFakeClock()
    const store = memory({ "tally/api-token": "tly-1", limits: '{"perMinute":"1"}', key: "k" }, { clock })
    const asked: string[][] = []
    const counting = {
      ...store,
      readMany: (...[names, options]: Parameters<typeof store.readMany>) => {
        asked.push([...names].sort())
        return store.readMany(names, options)
      },
    }
    await using secrets = new Secrets(counting, { clock })
    await loadConfig(Config, { secrets, settings: {} })
    expect(asked).toEqual([["key", "limits", "tally/api-token"]])
  })

  it("may be loaded twice from the same secrets", async () => {
    const clock = checkedFakeClock()
    await using secrets = new Secrets(
      memory({ "tally/api-token": "tly-1", limits: '{"perMinute":1}', key: "" }),
      {
        clock,
      },
    )
    const [one, two] = await Promise.all([
      loadConfig(Config, { secrets, settings: {} }),
      loadConfig(Config, { secrets, settings: {} }),
    ])
    expect([one.token.reveal(), two.token.reveal()]).toEqual(["tly-1", "tly-1"])
  })

  it("are named one by one when they are missing or refused, while the store answers for the others", async () => {
    const clock = checkedFakeClock()
    const canary = newCanary()
    await using secrets = new Secrets(
      memory({ "tally/api-token": canary.text, limits: canary.text }, { clock }),
      {
        clock,
      },
    )
    const error: ConfigError = await loadConfig(Config, { secrets, settings: {} }).catch(thrown => thrown)
    canary.watch(error, error.problems)
    expect(error.problems).toEqual([
      {
        path: "token",
        name: "tally/api-token",
        source: "tally/api-token in memory:",
        code: "INVALID_VALUE",
        problem: "it does not have the right format",
        expected: 'text that starts with "tly-"',
        hint: "store another value under tally/api-token",
      },
      {
        path: "limit",
        name: "limits#perMinute",
        source: "limits#perMinute in memory:",
        code: "INVALID_VALUE",
        problem: "the value is not JSON",
        expected: "a whole number",
        hint: expect.stringContaining("#field"),
      },
      {
        path: "key",
        name: "key",
        source: "key in memory:",
        code: "NOT_FOUND",
        problem: "there is no such secret",
        expected: "bytes",
        hint: "store a value under this name in memory:",
      },
    ])
  })

  it("are each reported as CLOSED after close()", async () => {
    const clock = checkedFakeClock()
    const secrets = new Secrets(memory({}, { clock }), { clock })
    await secrets.close()
    const error: ConfigError = await loadConfig(Config, { secrets, settings: {} }).catch(thrown => thrown)
    expect(error.problems.map(({ path, code }) => [path, code])).toEqual([
      ["token", "CLOSED"],
      ["limit", "CLOSED"],
      ["key", "CLOSED"],
    ])
  })

  it("are given up at the start-up deadline, each with the last cause", async () => {
    const clock = checkedFakeClock()
    const hanging = { ...memory({}, { clock }), read: () => new Promise<never>(() => {}) }
    await using secrets = new Secrets(hanging, { clock, callTimeout: "1s", startupDeadline: "5s" })
    const loading = loadConfig(z.object({ token: secret("token") }), { secrets, settings: {} }).catch(
      (thrown: ConfigError) => thrown,
    )
    await clock.advance("6s")
    expect((await loading) as ConfigError).toMatchObject({ name: "ConfigError" })
    expect(((await loading) as ConfigError).problems).toMatchObject([{ path: "token", code: "TIMEOUT" }])
    expect(((await loading) as ConfigError).message).toContain("last cause TIMEOUT")
  })
})
