import { describe, expect, it, onTestFinished } from "vitest"
import { TallyStandIn } from "../../../examples/tally-mcp-server/stand-in/index.ts"
import type { GeneratedPlan } from "../../../src/rotation/plan.ts"
import { tallyToken } from "../../../src/rotation/plans/tally-token.ts"
import { type Canary, expectNoLeak, newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { awaitsContext, makeContext, stepContext } from "./contexts.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const

type Plan = GeneratedPlan & Required<Pick<GeneratedPlan, "awaits" | "verifyOld">>

const plan = (more: object = {}): Plan =>
  tallyToken({ consumers, input: () => undefined, ...more } as never) as Plan

interface Scene {
  readonly tally: TallyStandIn
  readonly canary: Canary
  readonly token: string
  readonly verify: (token?: string, signal?: AbortSignal) => Promise<unknown>
  /** What is thrown where there is no verdict; it is looked through for the token. */
  readonly failure: (signal?: AbortSignal) => Promise<unknown>
}

async function scene(): Promise<Scene> {
  const tally = await TallyStandIn.start()
  onTestFinished(async () => await tally.close())
  const canary = newCanary()
  const token = `tly-${canary.text}`
  tally.tokens.add(token)
  const asking = plan({ baseUrl: tally.url() })
  const verify = async (value = token, signal = new AbortController().signal) =>
    await asking.verify({ value }, stepContext({ name: "tally/api-token", signal }))
  return {
    tally,
    canary,
    token,
    verify,
    failure: async signal => {
      const thrown = await verify(token, signal).then(
        verdict => expect.unreachable(`it is ${verdict}`),
        (reason: unknown) => reason,
      )
      expectNoLeak(canary, thrown)
      return thrown
    },
  }
}

describe("a token of Tally", () => {
  it("works when Tally says whose it is, and is refused when Tally does not know it", async () => {
    const { tally, token, verify } = await scene()
    expect(await verify()).toBe("works")
    expect(await verify(`${token}x`)).toBe("refused")
    tally.tokens.revoke(token)
    expect(await verify()).toBe("refused")
    expect(tally.requests.map(({ path, userAgent, status }) => [path, userAgent, status])).toEqual([
      ["/users/me", "latchkey (rotation)", 200],
      ["/users/me", "latchkey (rotation)", 401],
      ["/users/me", "latchkey (rotation)", 401],
    ])
  })

  it("with a typo is refused, and the one in use goes on working", async () => {
    const { tally, token } = await scene()
    const current = { value: token }
    const typing = plan({ baseUrl: tally.url(), input: () => `${token.slice(0, -2)}xx` })
    expect(await typing.awaits(awaitsContext({ current }))).toBeUndefined()
    const made = await typing.create(makeContext({ current }))
    expect(await typing.verify(made, stepContext())).toBe("refused")
    expect(await typing.verify(current, stepContext())).toBe("works")
    expect(await typing.verifyOld(current, stepContext())).toBe("works")
  })

  it("of another service is not sent to Tally", async () => {
    const { tally } = await scene()
    const pasting = plan({ baseUrl: tally.url(), input: () => "AKIAIOSFODNN7EXAMPLE" })
    expect(await pasting.awaits(awaitsContext())).toMatch(/begins with tly-: make a key in Tally/)
    await expect(pasting.create(makeContext())).rejects.toMatchObject({ code: "INVALID_VALUE" })
    expect(tally.requests).toEqual([])
  })

  it("that no header can carry is refused without asking", async () => {
    const { tally, verify } = await scene()
    expect(await verify("tly-ß‹›\n")).toBe("refused")
    expect(tally.requests).toEqual([])
  })

  it("is dead once a person has ended it, which the plan says how to do", async () => {
    const { tally, token } = await scene()
    const asking = plan({ baseUrl: tally.url() })
    expect(asking.revokedByHand).toMatch(/delete the old key in Tally/)
    expect(await asking.verifyOld({ value: token }, stepContext())).toBe("works")
    tally.tokens.revoke(token)
    expect(await asking.verifyOld({ value: token }, stepContext())).toBe("refused")
  })
})

describe("what Tally says beside a verdict", () => {
  it.each([
    [
      { status: 429, headers: { "retry-after": "7" } },
      { code: "THROTTLED", retryAfterMs: 7_000 },
    ],
    [{ status: 500 }, { code: "UNAVAILABLE", message: expect.stringMatching(/status 500/) }],
    [
      { status: 503, headers: { "retry-after": "2" } },
      { code: "UNAVAILABLE", retryAfterMs: 2_000 },
    ],
    [{ status: 403 }, { code: "DENIED" }],
    [{ status: 404 }, { code: "UNAVAILABLE", message: expect.stringMatching(/status 404/) }],
    [{ status: 302, headers: { location: "/elsewhere" } }, { code: "MISCONFIGURED" }],
    [{ status: 200, body: "<html>log in to the hotel</html>" }, { code: "MISCONFIGURED" }],
    [{ status: 200, body: '{"user":"somebody"}' }, { code: "MISCONFIGURED" }],
    [{ status: 200, body: "null" }, { code: "MISCONFIGURED" }],
    [{ status: 200, body: `{"id":"${"x".repeat(70_000)}"}` }, { code: "MISCONFIGURED" }],
    [{ status: 200, cutOff: true }, { code: "UNAVAILABLE" }],
  ])("is thrown, and is neither yes nor no: %j", async (fault, error) => {
    const { tally, failure } = await scene()
    tally.fail(fault)
    expect(await failure()).toMatchObject({ secret: "tally/api-token", store: "tally", ...error })
    expect(tally.requests).toHaveLength(1)
  })

  it("is waited for as long as the step goes on", async () => {
    const { tally, failure } = await scene()
    tally.fail({ hang: true })
    const step = new AbortController()
    const waiting = failure(step.signal)
    await eventually(() => expect(tally.requests).toHaveLength(1))
    step.abort()
    expect(await waiting).toMatchObject({ code: "ABORTED" })
    await eventually(() => expect(tally.requests[0]?.leftEarly).toBe(true))
  })

  it("is nothing at all when nobody is there", async () => {
    const { tally, failure } = await scene()
    await tally.close()
    expect(await failure()).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/nobody listens/),
    })
  })

  it("may come through another fetch, whose errors are quoted no more than others", async () => {
    const canary = newCanary()
    const asked: unknown[] = []
    const proxied = plan({
      fetch: async (url: string) => {
        asked.push(url)
        throw new Error(`no proxy for ${canary.text}`)
      },
    })
    const thrown = await proxied
      .verify({ value: "tly-one" }, stepContext())
      .catch((reason: unknown) => reason)
    expect(canary.watch(thrown)).toMatchObject({ code: "UNAVAILABLE" })
    expect(asked).toEqual(["https://api.tally.so/users/me"])
  })
})

describe("the options of tallyToken()", () => {
  it.each([
    [{ baseURL: "https://api.tally.so" }, /"baseURL" that does not exist/],
    [{ baseUrl: "api.tally.so" }, /baseUrl of tallyToken\(\)/],
    [{ baseUrl: "http://api.tally.so" }, /http is for this machine alone/],
    [{ baseUrl: "http://127.0.0.1.nip.io" }, /http is for this machine alone/],
    [{ baseUrl: "https://user:pass@api.tally.so" }, /baseUrl of tallyToken\(\)/],
    [{ baseUrl: "https://api.tally.so?key=1" }, /baseUrl of tallyToken\(\)/],
    [{ baseUrl: 7 }, /baseUrl of tallyToken\(\)/],
    [{ fetch: "https" }, /fetch of tallyToken\(\) was given no function/],
    [{ input: undefined }, /input of tallyToken\(\)/],
  ])("%j are refused", (more, message) => {
    expect(() => plan(more)).toThrow(message)
  })

  it.each([
    "http://localhost:1234/",
    "http://[::1]:1234",
    "https://tally.example/api//",
  ])("%s is an address", baseUrl => {
    expect(plan({ baseUrl })).toMatchObject({ kind: "generated", overlap: true })
  })
})
