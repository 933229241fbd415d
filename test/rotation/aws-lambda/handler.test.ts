import { isSecretError, type SecretError } from "latchkey"
import { memory } from "latchkey/memory"
import { fakeClock } from "latchkey/testing"
import { describe, expect, test } from "vitest"
import { rotationHandler } from "../../../src/aws-rotation/index.ts"
import { readEvent } from "../../../src/rotation/engines/aws-lambda/event.ts"
import {
  type HandlerOptions,
  type ManagedPlan,
  type ManagedRotation,
  managedHandler,
} from "../../../src/rotation/engines/aws-lambda/index.ts"
import type { GeneratedPlan } from "../../../src/rotation/plan.ts"
import { failureOf } from "./scene.ts"

const TOKEN = "00000000-0000-4000-8000-000000000001"
const CONSUMERS = { ttl: "10s", maxStale: "30s", callTimeout: "30s", tokenLifetime: "0s" } as const

/** A service that rotates, whose secrets are in the memory of the test, and whose tokens are all staged. */
function serviceWith(names: readonly string[]) {
  const store = memory(Object.fromEntries(names.map(name => [name, `first-value-of-${name}`])))
  const finished: string[] = []
  const service: ManagedRotation = {
    location: "memory:",
    store: () => store,
    look: async secretId => ({
      name: names.includes(secretId) ? secretId : undefined,
      ownName: secretId,
      place: `place of ${secretId}`,
      labels: ["AWSPENDING"],
    }),
    finish: async name => void finished.push(name),
    rotationId: (token, claimSeq, attempt) => `${token}:${claimSeq}.${attempt}`,
    tokenOf: id => /^(.{36}):/.exec(id)?.[1],
    close: async () => undefined,
  }
  const value = async (name: string) =>
    (await store.read(name, { signal: new AbortController().signal })).value
  return { service, finished, value }
}

function planThat(more: Partial<GeneratedPlan> = {}): GeneratedPlan {
  let made = 0
  return {
    kind: "generated",
    overlap: true,
    consumers: CONSUMERS,
    create: async () => ({ value: `a-new-value-${++made}` }),
    verify: async () => "works",
    ...more,
  }
}

const step = (Step: string, SecretId = "db/password") => ({ Step, SecretId, ClientRequestToken: TOKEN })

describe("an event", () => {
  test.for<[string, unknown]>([
    ["nothing", undefined],
    ["a text", "createSecret"],
    ["an object of something else", { source: "aws.events" }],
    ["a step that does not exist", step("deleteSecret")],
    ["a step without a secret", { ...step("createSecret"), SecretId: "" }],
    ["a step without a token", { Step: "createSecret", SecretId: "a" }],
    ["a token that is too short", { ...step("createSecret"), ClientRequestToken: "1" }],
    ["a token of the service that is none", { ...step("createSecret"), RotationToken: 7 }],
    ["an own event that does not exist", { latchkey: "rotate" }],
    ["an own event with more in it", { latchkey: "retire", force: true }],
    ["an own event about no secret", { latchkey: "abort" }],
    ["an own event about a number", { latchkey: "abort", secret: 7 }],
    ["what is compromised, without a secret", { latchkey: "retire", compromised: true }],
    ["what is compromised, with something else", { latchkey: "abort", secret: "a", compromised: true }],
    ["what is compromised, as a text", { latchkey: "retire", secret: "a", compromised: "yes" }],
  ])("that is %s is refused, and nothing of it quoted", ([, event]) => {
    let refused: unknown
    try {
      readEvent(event)
    } catch (thrown) {
      refused = thrown
    }
    expect(isSecretError(refused) && [refused.code, refused.hint !== undefined]).toEqual([
      "MISCONFIGURED",
      true,
    ])
  })

  test.for([
    [{ ...step("setSecret"), RotationToken: null }, step("setSecret")],
    [
      { ...step("setSecret"), RotationToken: "given" },
      { ...step("setSecret"), RotationToken: "given" },
    ],
    [{ latchkey: "retire" }, { latchkey: "retire" }],
    [
      { latchkey: "retire", secret: "a", compromised: true },
      { latchkey: "retire", secret: "a", compromised: true },
    ],
    [
      { latchkey: "resume", secret: "a", compromised: false },
      { latchkey: "resume", secret: "a" },
    ],
  ] as const)("is read: %j", ([event, read]) => {
    expect(readEvent(event)).toEqual(read)
  })
})

describe("a function", () => {
  test.for<[string, unknown, object, RegExp]>([
    ["plans that are none", [], {}, /plans/],
    ["a plan without verify", { a: { ...planThat(), verify: undefined } }, {}, /verify/],
    [
      "two plans for one secret",
      { a: planThat(), Old_A: planThat() },
      { rename: { a: "Old_A" } },
      /two plans/,
    ],
    ["a plan that publishes", { a: planThat({ publish: value => value }) }, {}, /publishes/],
    [
      "a schedule beside the service's",
      { a: { plan: planThat(), schedule: { interval: "1d" } } },
      {},
      /schedule/,
    ],
    ["scopes that are none", { a: { plan: planThat(), scopes: "all" } }, {}, /scopes/],
    ["a name that no secret can have", { "a b": planThat() }, {}, /name/],
    ["an option that does not exist", {}, { zone: "eu" }, /zone/],
    ["a stage", {}, { stage: "AWSPENDING" }, /stage/],
    ["a time that is none", {}, { callTimeout: "soon" }, /callTimeout/],
    ["a listener that is none", {}, { listener: "log" }, /function/],
  ])("is not made with %s", ([, plans, options, message]) => {
    expect(() => rotationHandler(plans as Record<string, ManagedPlan>, options)).toThrow(message)
  })

  test("follows a plan through the four steps, and hands its scopes on", async () => {
    const { service, finished, value } = serviceWith(["db/password"])
    const scopes: unknown[] = []
    const plan = planThat({
      async create(context) {
        scopes.push(context.scopes)
        return { value: "a-new-value" }
      },
    })
    const events: string[] = []
    const handler = managedHandler(
      service,
      { "db/password": { plan, scopes: ["forms:read"] } },
      {
        listener: event =>
          void events.push(event.type === "moved" ? `${event.from} to ${event.to}` : event.type),
      },
    )
    for (const name of ["createSecret", "setSecret", "testSecret", "finishSecret"])
      expect(await handler(step(name))).toBeUndefined()
    expect([await value("db/password"), scopes, finished]).toEqual([
      "a-new-value",
      [["forms:read"]],
      ["db/password"],
    ])
    expect(events.filter(event => event.includes(" to "))).toEqual([
      "idle to claimed",
      "claimed to parked",
      "parked to applied",
      "applied to verified",
      "verified to promoted",
    ])
  })

  test("waits for a person before it claims anything", async () => {
    const { service } = serviceWith(["db/password"])
    const events: string[] = []
    const plan = planThat({ awaits: async () => "make a token at https://example.com" })
    const options: HandlerOptions = { listener: event => void events.push(event.type) }
    const handler = managedHandler(service, { "db/password": plan }, options)
    const error = await failureOf(handler(step("createSecret")))
    expect([error?.code, error?.hint]).toEqual(["MISCONFIGURED", "make a token at https://example.com"])
    expect(events).toContain("awaits")
    expect(await handler({ latchkey: "retire" })).toEqual({
      secrets: [{ secret: "db/password", state: "idle", happened: "nothing" }],
    })
  })

  test("tells of a rotation that is under way, and leaves it to the service", async () => {
    const { service } = serviceWith(["db/password"])
    const handler = managedHandler(service, { "db/password": planThat() }, {})
    await handler(step("createSecret"))
    expect(await handler({ latchkey: "retire" })).toEqual({
      secrets: [{ secret: "db/password", state: "parked", happened: "under-way" }],
    })
  })

  test("looks at each secret when it retires, also after one that fails, and says all that failed", async () => {
    const clock = fakeClock()
    const names = ["a", "b", "c"]
    const { service } = serviceWith(names)
    const failing = planThat({
      revoke: async () => await Promise.reject(new Error("a text of the far side")),
      identify: async value => String(value),
    })
    const plans = { a: failing, b: planThat(), c: failing }
    const handler = managedHandler(service, plans, { clock })
    for (const name of names)
      for (const one of ["createSecret", "setSecret", "testSecret", "finishSecret"])
        await handler(step(one, name))
    await clock.advance("2m")
    const error = (await failureOf(handler({ latchkey: "retire" }))) as SecretError
    expect(error.problems?.map(({ secret, code }) => [secret, code])).toEqual([
      ["a", "UNAVAILABLE"],
      ["c", "UNAVAILABLE"],
    ])
    expect(error.message).toMatch(/2 of 3 secrets/)
    expect(error.message).not.toMatch(/a text/)
    expect(await handler({ latchkey: "retire", secret: "b" })).toEqual({
      secrets: [{ secret: "b", state: "idle", happened: "nothing" }],
    })
    expect((await failureOf(handler({ latchkey: "retire", secret: "a" })))?.secret).toBe("a")
    expect((await failureOf(handler({ latchkey: "retire", secret: "unknown" })))?.code).toBe("MISCONFIGURED")
  })

  test.for([
    ["testSecret"],
    ["finishSecret"],
  ])("tells a plan that its candidate is no former value, when %s comes before its time, too", async ([
    early,
  ]) => {
    const { service, finished } = serviceWith(["db/password"])
    const former: (boolean | undefined)[] = []
    const plan = planThat({
      apply: async () => undefined,
      verify: async (_, context) => {
        former.push(context.former)
        return "works"
      },
    })
    const handler = managedHandler(service, { "db/password": plan }, { clock: fakeClock() })
    for (const one of ["createSecret", early ?? "", "finishSecret"]) await handler(step(one))
    expect(new Set(finished)).toEqual(new Set(["db/password"]))
    expect(former.length).toBeGreaterThan(0)
    expect(new Set(former)).toEqual(new Set([false]))
  })

  test("says which old credential a person has to end, until it is dead", async () => {
    const clock = fakeClock()
    const { service } = serviceWith(["db/password"])
    let isDead = false
    const plan = planThat({
      revokedByHand: "delete it at https://example.com",
      verifyOld: async () => (isDead ? "refused" : "works"),
      deadlines: { verify: "1s" },
    })
    const handler = managedHandler(service, { "db/password": plan }, { clock })
    for (const one of ["createSecret", "setSecret", "testSecret", "finishSecret"]) await handler(step(one))
    await clock.advance("2m")
    const retire = async () => {
      const ended = failureOf(handler({ latchkey: "retire" }))
      await clock.advance("10s")
      return await ended
    }
    expect((await retire())?.hint).toBe("delete it at https://example.com")
    isDead = true
    await clock.advance("10m")
    expect(await retire()).toBeUndefined()
  })

  test("has its last seconds for itself, and leaves no timer behind", async () => {
    const clock = fakeClock()
    const { service } = serviceWith(["db/password"])
    const plan = planThat({ create: () => new Promise(() => undefined) })
    const handler = managedHandler(service, { "db/password": plan }, { clock })
    const ended = failureOf(handler(step("createSecret"), { getRemainingTimeInMillis: () => 10_000 }))
    await clock.advance("6s")
    expect(clock.pending.length).toBeGreaterThan(0)
    await clock.advance("1s")
    expect((await ended)?.code).toBe("ABORTED")
    expect(clock.pending).toEqual([])
  })
})
