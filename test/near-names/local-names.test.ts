import { describe, expect, it } from "vitest"
import { env } from "../../providers/env/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type SecretStore } from "../../src/core/index.ts"
import { localNames, nearName } from "../../src/near-names/index.ts"
import { checkedFakeClock } from "../support/clock.ts"

const hanging = (told: readonly string[]): SecretStore => ({
  ...memory(),
  async *list() {
    for (const name of told) yield { name }
    await new Promise(() => {})
  },
})

describe("the names of a local store", () => {
  it("leave no timer behind that would keep the process alive", async () => {
    const clock = checkedFakeClock()
    expect(await localNames(memory({ a: "1", b: "2" }, { clock }), { clock })).toEqual(["a", "b"])
    expect(clock.pending).toEqual([])
    const failing: SecretStore = {
      ...memory(),
      async *list() {
        yield { name: "a" }
        throw new SecretError("UNAVAILABLE")
      },
    }
    expect(await localNames(failing, { clock })).toEqual(["a"])
    expect(clock.pending).toEqual([])
  })

  it("are those that it told within a second, and the listing is told to end", async () => {
    const clock = checkedFakeClock()
    let signal: AbortSignal | undefined
    const store = hanging(["a"])
    const watched: SecretStore = {
      ...store,
      list(options) {
        signal = options.signal
        return store.list?.(options) ?? expect.unreachable()
      },
    }
    const names = localNames(watched, { clock })
    await clock.advance("999ms")
    expect(signal?.aborted).toBe(false)
    await clock.advance("1ms")
    expect(await names).toEqual(["a"])
    expect(signal?.aborted).toBe(true)
    expect(clock.pending).toEqual([])
  })

  it("are listed once for many who ask at the same time, and again for those who ask later", async () => {
    const clock = checkedFakeClock()
    const store = memory({ a: "1" }, { clock })
    let listings = 0
    const counting: SecretStore = {
      ...store,
      list: options => {
        listings += 1
        return store.list(options)
      },
    }
    await Promise.all(Array.from({ length: 20 }, () => localNames(counting, { clock })))
    expect(listings).toBe(1)
    await store.write("b", "2", { signal: new AbortController().signal })
    expect(await localNames(counting, { clock })).toEqual(["a", "b"])
    expect(listings).toBe(2)
  })
})

describe("a near name", () => {
  it("is told with the variable that it is set as", async () => {
    expect(await nearName(env({ env: { TALLY_API_TOKEN: "x" } }), "tally/api-token")).toBe(
      'TALLY_API_TOKEN is set, but tally/api-token is read from TALLY__API_TOKEN: "/" is two underscores, "-" is one',
    )
    expect(await nearName(env({ env: { TALLY__API_TOKN: "x" } }), "tally/api-token")).toBe(
      "did you mean tally/api-tokn, which is set as TALLY__API_TOKN?",
    )
    expect(await nearName(env({ env: { HOME: "/" } }), "tally/api-token")).toBeUndefined()
    expect(await nearName(env({ env: { A: "x" } }), "no name at all")).toBeUndefined()
  })
})
