import { describe, expect, it } from "vitest"
import type { Attempt } from "../../src/core/index.ts"
import { farSide } from "../support/far-side.ts"
import { stateOf } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

class HttpError extends Error {
  readonly status: number
  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

describe("use()", () => {
  it("calls once, with the value, its version and a signal, and gives back just what it got", async () => {
    const { secrets, value, store } = tallyRig()
    const token = await secrets.get(TOKEN)
    const result = { status: 200, body: {} }
    const attempts: Attempt[] = []
    const reads = store.calls.count("read")
    const got = await token.use(async (given, attempt) => {
      expect(given).toBe(value("first"))
      attempts.push(attempt)
      return result
    })
    expect(got).toBe(result)
    expect(attempts).toEqual([{ version: "v1", signal: expect.any(AbortSignal) }])
    expect(attempts[0]?.signal.aborted).toBe(false)
    expect(store.calls.count("read")).toBe(reads)
  })

  it("gives back the caller's own error, the very object", async () => {
    const { secrets, store } = tallyRig()
    const token = await secrets.get(TOKEN)
    const reads = store.calls.count("read")
    for (const thrown of [
      new Error("mine"),
      new HttpError(500),
      new HttpError(403),
      "text",
      null,
      undefined,
      401,
    ])
      await expect(token.use(async () => await Promise.reject(thrown))).rejects.toBe(thrown)
    const sudden = new RangeError("at once")
    const throwing = (): Promise<never> => {
      throw sudden
    }
    await expect(token.use(throwing)).rejects.toBe(sudden)
    expect(store.calls.count("read")).toBe(reads)
  })

  const refusals: [what: string, refuse: () => Promise<unknown>][] = [
    ["a result with the status 401", async () => ({ status: 401 })],
    ["a response of fetch", async () => new Response(null, { status: 401 })],
    ["an error with the status 401", async () => await Promise.reject(new HttpError(401))],
    ["anything thrown with the status 401", async () => await Promise.reject({ status: 401 })],
  ]
  for (const [what, refuse] of refusals) {
    it(`takes ${what} for a refusal: reads again, and tries once more with another value`, async () => {
      const { secrets, change, value, store } = tallyRig({ refresh: "on-read" })
      const token = await secrets.get(TOKEN)
      await change(value("second"))
      const reads = store.calls.count("read")
      const used: [string, string][] = []
      const result = await token.use(async (given, { version }) => {
        used.push([given, version])
        return given === value("second") ? "accepted" : await refuse()
      })
      expect(result).toBe("accepted")
      expect(used).toEqual([
        [value("first"), "v1"],
        [value("second"), "v2"],
      ])
      expect(token.reveal()).toBe(value("second"))
      expect(store.calls.count("read")).toBe(reads + 1)
    })
  }

  it("does not take other results for a refusal", async () => {
    const { secrets, store } = tallyRig()
    const token = await secrets.get(TOKEN)
    const reads = store.calls.count("read")
    for (const result of [undefined, null, 401, "401", { status: "401" }, { statusCode: 401 }, [401]])
      expect(await token.use(async () => result)).toBe(result)
    expect(store.calls.count("read")).toBe(reads)
  })

  it("asks the caller what a refusal is, if he says so", async () => {
    const { secrets, change, value } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    const asked: unknown[] = []
    const thrown = { code: "28P01" }
    const result = await token.use(
      async given => (given === value("first") ? await Promise.reject(thrown) : "in"),
      {
        rejected: outcome => {
          asked.push(outcome)
          return "error" in outcome && outcome.error === thrown
        },
      },
    )
    expect(result).toBe("in")
    expect(asked).toEqual([{ error: thrown }])
    // Then a 401 means nothing.
    const refused = { status: 401 }
    expect(await token.use(async () => refused, { rejected: () => false })).toBe(refused)
  })

  it("gives back the first outcome where there is no other value", async () => {
    const { secrets } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    const first = new HttpError(401)
    let calls = 0
    const call = async (): Promise<never> => {
      calls += 1
      throw calls === 1 ? first : new HttpError(401)
    }
    await expect(token.use(call)).rejects.toBe(first)
    expect(calls).toBe(1)
  })

  it("does not try again with the same value under a new version", async () => {
    const { secrets, change, value } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("first"))
    const { call, calls } = farSide()
    expect(await token.use(call)).toEqual({ status: 401 })
    expect(calls).toEqual([value("first")])
    expect(token.status.version).toBe("v2")
  })

  it("tries again with another value under the same version", async () => {
    const { secrets, change, value, store } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.repeatVersion()
    await secrets.refresh()
    await change(value("second"))
    const { call, calls } = farSide(value("second"))
    expect(await token.use(call)).toEqual({ status: 200 })
    expect(calls).toEqual([value("first"), value("second")])
  })

  it("does not try again where another field changed", async () => {
    const { secrets, change, value } = tallyRig({ refresh: "on-read" }, value => ({
      db: JSON.stringify({ user: value("u"), password: value("p1") }),
    }))
    const [user, password] = [await secrets.get("db#user"), await secrets.get("db#password")]
    await change(JSON.stringify({ user: value("u"), password: value("p2") }), "db")
    const { call, calls } = farSide(value("p2"))
    await user.use(call)
    expect(calls).toEqual([value("u")])
    expect(await password.use(call)).toEqual({ status: 200 })
    expect(calls).toEqual([value("u"), value("p2")])
  })

  it("tries twice at the most, and gives back what the second try gave", async () => {
    const { secrets, change, value } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    const thrown: HttpError[] = []
    const failing = token.use(async () => {
      thrown.push(new HttpError(401))
      throw thrown.at(-1)
    })
    await expect(failing).rejects.toSatisfy(error => error === thrown[1])
    expect(thrown).toHaveLength(2)
  })

  it("reads again once for a hundred callers who are refused at the same time", async () => {
    const { secrets, change, value, store } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    const reads = store.calls.count("read")
    const { call, calls } = farSide(value("second"))
    const results = await Promise.all(Array.from({ length: 100 }, () => token.use(call)))
    expect(results.every(({ status }) => status === 200)).toBe(true)
    expect(calls.filter(used => used === value("second"))).toHaveLength(100)
    expect(store.calls.count("read")).toBe(reads + 1)
  })

  it("waits, for each of them, for a read that began after the refusal", async () => {
    const { secrets, change, value, store, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    // This read was answered before the change, and its answer is on its way while callers are refused.
    const slow = store.faults.hang("read", { when: "after", times: 1 })
    const polling = secrets.refresh()
    await clock.settle()
    expect(slow.struck).toBe(1)
    await change(value("second"))
    const { call } = farSide(value("second"))
    const calls = Array.from({ length: 100 }, () => token.use(call))
    await clock.settle()
    await store.faults.release()
    await polling
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(100).fill(200))
  })

  it("reads again for one bad version at most once in five seconds", async () => {
    const { secrets, clock, store } = tallyRig({ refresh: "on-read", overlap: "0s" })
    const token = await secrets.get(TOKEN)
    const reads = store.calls.count("read")
    const { call, calls } = farSide()
    for (let second = 0; second < 11; second++) {
      await token.use(call)
      await token.use(call)
      await clock.advance("1s")
    }
    expect(calls).toHaveLength(22)
    expect(store.calls.count("read")).toBe(reads + 3)
  })

  it("reads again at once for a version that was not refused before", async () => {
    const { secrets, change, value, store } = tallyRig({ refresh: "on-read", overlap: "0s" })
    const token = await secrets.get(TOKEN)
    const { call } = farSide()
    await token.use(call)
    await change(value("second"))
    await secrets.refresh()
    const reads = store.calls.count("read")
    await token.use(call)
    expect(store.calls.count("read")).toBe(reads + 1)
  })

  it("does not read again where another one has brought the new value meanwhile", async () => {
    const { secrets, value, store } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    const reads = store.calls.count("read")
    const { call, accepts } = farSide(value("second"))
    const used = await token.use(async given => {
      if (given === value("first")) await secrets.put(TOKEN, value("second"))
      return await call(given)
    })
    expect(used).toEqual({ status: 200 })
    expect(accepts.size).toBe(1)
    expect(store.calls.count("read")).toBe(reads)
  })

  it("tries the previous value while the overlap window is open, and not after it", async () => {
    const { secrets, change, value, clock } = tallyRig({ refresh: "on-read", overlap: "10m", ttl: "1h" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await secrets.refresh()
    // The far side has not heard of the new one yet.
    const { call, calls } = farSide(value("first"))
    expect(await token.use(call)).toEqual({ status: 200 })
    expect(calls).toEqual([value("second"), value("first")])
    await clock.advance("10m")
    expect(await token.use(call)).toEqual({ status: 401 })
    expect(calls).toEqual([value("second"), value("first"), value("second")])
  })

  it("tries the newer value and not the previous one where there are both", async () => {
    const { secrets, change, value } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await secrets.refresh()
    await change(value("third"))
    const { call, calls } = farSide()
    await token.use(call)
    expect(calls).toEqual([value("second"), value("third")])
  })

  it("gives back the first outcome when it cannot be read again", async () => {
    const { secrets, store, clock } = tallyRig({ refresh: "on-read", overlap: "0s", callTimeout: "5s" })
    const token = await secrets.get(TOKEN)
    const thrown = new HttpError(401)
    const failing = async (): Promise<never> => await Promise.reject(thrown)
    for (const code of ["UNAVAILABLE", "UNAUTHENTICATED", "DENIED"] as const) {
      const fault = store.faults.fail("read", code)
      await expect(token.use(failing)).rejects.toBe(thrown)
      fault.end()
      await clock.advance("1m")
    }
    store.faults.hang("read", { deaf: true })
    const using = token.use(failing)
    using.catch(() => undefined)
    await clock.advance("4s")
    expect(await stateOf(using, clock)).toBe("pending")
    await clock.advance("1s")
    await expect(using).rejects.toBe(thrown)
    await store.faults.heal()
  })

  it("gives back the first outcome when the secret turns out to be withdrawn", async () => {
    const { secrets } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    const refused = { status: 401 }
    expect(
      await token.use(async () => {
        await secrets.delete(TOKEN)
        return refused
      }),
    ).toBe(refused)
    expect(() => token.reveal()).toThrow("NOT_FOUND")
  })

  it("waits for a read first where the value is too old, and goes on with it if that fails", async () => {
    const { secrets, change, value, clock, store } = tallyRig({ refresh: "on-read", ttl: "1m" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await clock.advance("2m")
    expect(await token.use(async given => given)).toBe(value("second"))
    await clock.advance("2m")
    store.faults.fail("read", "UNAVAILABLE")
    expect(await token.use(async given => given)).toBe(value("second"))
  })

  it("waits for a read first where the secret slept", async () => {
    const { secrets, change, value, clock, store } = tallyRig({ ttl: "1m" })
    store.faults.fail("watch", "UNSUPPORTED")
    const token = await secrets.get(TOKEN)
    await clock.advance("30m")
    await change(value("second"))
    expect(await token.use(async given => given)).toBe(value("second"))
  })

  it("reads a withdrawn secret again, and is the error that it ended with where it stays so", async () => {
    const { secrets, change, value, failure } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await secrets.delete(TOKEN)
    let calls = 0
    const error = await failure(token.use(async () => ++calls))
    expect([error.code, calls]).toEqual(["NOT_FOUND", 0])
    await change(value("second"))
    expect(await token.use(async given => given)).toBe(value("second"))
  })
})
