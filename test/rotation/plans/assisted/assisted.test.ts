import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { describe, expect, it, onTestFinished } from "vitest"
import type { GeneratedPlan } from "../../../../src/rotation/plan.ts"
import { type AssistedOptions, assisted } from "../../../../src/rotation/plans/assisted/index.ts"
import { expectNoLeak, newCanary } from "../../../support/canary.ts"
import { awaitsContext, makeContext, stepContext } from "../contexts.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const

type Plan = GeneratedPlan & Required<Pick<GeneratedPlan, "awaits" | "verifyOld">>

function plan(more: Partial<AssistedOptions> = {}): Plan {
  return assisted({
    consumers,
    input: () => undefined,
    verify: async () => "works",
    howToMake: "make one there",
    howToRevoke: "end it there",
    ...more,
  }) as Plan
}

async function failureOf(act: Promise<unknown>): Promise<Error> {
  const thrown = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(thrown).toBeInstanceOf(Error)
  return thrown as Error
}

async function tokenFile(content?: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-assisted-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  const file = join(folder, "token")
  if (content !== undefined) await writeFile(file, content)
  return file
}

describe("a rotation that a person helps", () => {
  it("says what has to be done as long as there is no file, and then takes what is in it", async () => {
    const file = await tokenFile()
    const { awaits, create } = plan({ input: { file } })
    expect(await awaits(awaitsContext())).toBe(`the file ${file} holds no new token yet: make one there`)
    await writeFile(file, "new-token-1\n")
    expect(await awaits(awaitsContext())).toBeUndefined()
    expect(await create(makeContext())).toEqual({ value: "new-token-1" })
  })

  it("takes no token a second time that the service has refused, until there is another one in the file", async () => {
    const file = await tokenFile("tokne-1\n")
    let asked = 0
    const { awaits, create, verify } = plan({
      input: { file },
      verify: async token => {
        asked += 1
        return token === "token-1" ? "works" : "refused"
      },
    })
    expect(await awaits(awaitsContext())).toBeUndefined()
    const typo = await create(makeContext())
    expect(await verify(typo, stepContext())).toBe("refused")
    expect(await awaits(awaitsContext())).toBe(
      `the file ${file} holds the token that the service has refused: make one there`,
    )
    expect((await failureOf(create(makeContext()))).message).toMatch(/has refused/)
    expect(asked).toBe(1)
    await writeFile(file, "token-1\n")
    expect(await awaits(awaitsContext())).toBeUndefined()
    expect(await verify(await create(makeContext()), stepContext())).toBe("works")
    // One that was refused a moment ago, because the service needed time, and works by now, is as good as any.
    await writeFile(file, "tokne-1\n")
    expect(await awaits(awaitsContext())).toBeUndefined()
  })

  it("asks for no other token because a former one is refused, that somebody went back to", async () => {
    const file = await tokenFile("token-1\n")
    const { awaits, verify } = plan({ input: { file }, verify: async () => "refused" })
    expect(await verify({ value: "token-1" }, { ...stepContext(), former: true })).toBe("refused")
    expect(await awaits(awaitsContext())).toBeUndefined()
  })

  it("takes what a person has mended in the file since", async () => {
    const file = await tokenFile("tokne-1 \n")
    const { awaits, create } = plan({ input: { file } })
    expect(await awaits(awaitsContext())).toMatch(/has spaces/)
    await writeFile(file, "token-1\n")
    expect(await create(makeContext())).toEqual({ value: "token-1" })
  })

  it("tells the person which scopes the new token is to have", async () => {
    const line = await plan().awaits(awaitsContext({ scopes: ["forms:read", "forms:write"] }))
    expect(line).toBe(
      "what was asked for holds no new token yet: make one there with forms:read, forms:write",
    )
  })

  it.each<[string, string | Uint8Array, RegExp]>([
    ["nothing", "", /is empty/],
    ["an empty line", "\n", /is empty/],
    ["two lines", "tly-one\ntly-two\n", /has spaces, line breaks or invisible/],
    ["a second line break", "tly-one\n\n", /has spaces, line breaks or invisible/],
    ["a space", "tly-one two", /has spaces, line breaks or invisible/],
    ["a space in front", " tly-one", /has spaces, line breaks or invisible/],
    ["a byte-order mark", "\ufefftly-one", /has spaces, line breaks or invisible/],
    ["a zero-width space", "tly-one\u200btwo", /has spaces, line breaks or invisible/],
    ["another service's token", "ghp_one", /holds no token of this service, which begins with tly-/],
    ["bytes", Uint8Array.of(0xff, 0xfe), /holds bytes that are no text/],
    ["the token in use", "tly-in-use\n", /holds the token that is in use/],
  ])("waits for another one when the file holds %s, and makes no candidate of it", async (_, content, flaw) => {
    const file = await tokenFile(content)
    const { awaits, create } = plan({ input: { file }, prefix: "tly-" })
    const current = { value: "tly-in-use" }
    const line = await awaits(awaitsContext({ current }))
    expect(line).toMatch(flaw)
    expect(line).toMatch(/: make one there$/)
    expect(await failureOf(create(makeContext({ current })))).toMatchObject({
      code: "INVALID_VALUE",
      secret: "auth/some-key",
      message: expect.stringMatching(flaw),
      hint: "make one there",
    })
  })

  it("drops one line break at the end, also a Windows one", async () => {
    const file = await tokenFile("tly-one\r\n")
    expect(await plan({ input: { file } }).create(makeContext())).toEqual({ value: "tly-one" })
  })

  it("shows nothing of what it refuses", async () => {
    const canary = newCanary()
    const current = { value: canary.text }
    for (const content of [`${canary.text} x`, `x\n${canary.text}`, canary.text, canary.bytes]) {
      const { awaits, create } = plan({ input: { file: await tokenFile(content) } })
      expectNoLeak(
        canary,
        await awaits(awaitsContext({ current })),
        await failureOf(create(makeContext({ current }))),
      )
    }
  })

  it("says of a file that is there and cannot be read what is wrong with it", async () => {
    const folder = await tokenFile()
    await mkdir(folder)
    const { awaits, create } = plan({ input: { file: folder } })
    for (const failure of [() => awaits(awaitsContext()), () => create(makeContext())])
      expect(await failureOf(failure())).toMatchObject({
        code: "MISCONFIGURED",
        message: expect.stringMatching(/token is a folder/),
      })
  })

  it("refuses a file that is far too large for a token", async () => {
    const file = await tokenFile("x".repeat(65_537))
    expect(await failureOf(plan({ input: { file } }).awaits(awaitsContext()))).toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringMatching(/more than 65536 bytes/),
    })
  })
})

describe("a token that comes in a stream", () => {
  it("is read once, in pieces, and kept until it is used", async () => {
    const stream = Readable.from([Buffer.from("tly-"), Buffer.from("one\n")])
    const { awaits, create } = plan({ input: { stream } })
    expect(await awaits(awaitsContext())).toBeUndefined()
    expect(await create(makeContext())).toEqual({ value: "tly-one" })
    expect(await create(makeContext())).toEqual({ value: "tly-one" })
    expect(await awaits(awaitsContext())).toMatch(/^the input holds no new token yet/)
  })

  it("is no candidate of a second rotation, whoever asks first", async () => {
    const { create } = plan({ input: { stream: Readable.from(["tly-one"]) } })
    expect(await create(makeContext({ rotationId: "r1" }))).toEqual({ value: "tly-one" })
    expect(await failureOf(create(makeContext({ rotationId: "r2" })))).toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringMatching(/holds no new token yet/),
    })
  })

  it("is waited for no longer than the step goes on, and not lost then", async () => {
    let give: (piece: string) => void = () => undefined
    const pieces = new Promise<string>(resolve => {
      give = resolve
    })
    async function* typing(): AsyncGenerator<string> {
      yield await pieces
    }
    const { awaits, create } = plan({ input: { stream: typing() } })
    const step = new AbortController()
    const waiting = failureOf(awaits(awaitsContext({ signal: step.signal })))
    step.abort()
    expect(await waiting).toMatchObject({ code: "ABORTED" })
    give("tly-one\n")
    expect(await create(makeContext())).toEqual({ value: "tly-one" })
  })

  it("that breaks off is none, and shows nothing of what was in it", async () => {
    const canary = newCanary()
    async function* broken(): AsyncGenerator<string> {
      yield canary.text
      throw new Error(`broke off after ${canary.text}`)
    }
    const { awaits } = plan({ input: { stream: broken() } })
    expect(canary.watch(await failureOf(awaits(awaitsContext())))).toMatchObject({
      code: "UNAVAILABLE",
      transient: false,
      message: expect.stringMatching(/broke off/),
    })
  })

  it("that does not end is read no further than a token can be long", async () => {
    let pieces = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pieces++
        yield new Uint8Array(1_024)
      }
    }
    expect(await failureOf(plan({ input: { stream: endless() } }).create(makeContext()))).toMatchObject({
      code: "INVALID_VALUE",
    })
    expect(pieces).toBe(65)
  })
})

describe("a token that is asked for", () => {
  it("is asked for once, with all that whoever asks has to know", async () => {
    const asked: unknown[] = []
    const { awaits, create } = plan({
      input: async ({ name, scopes, current }) => {
        asked.push({ name, scopes, current })
        return "tly-one"
      },
    })
    const current = { value: "tly-zero" }
    const scopes = ["forms:read"]
    expect(await awaits(awaitsContext({ current, scopes }))).toBeUndefined()
    expect(await create(makeContext({ current, scopes }))).toEqual({ value: "tly-one" })
    expect(asked).toEqual([{ name: "auth/some-key", scopes, current }])
  })

  it("is asked for again in the next rotation, whether the one before went through or not", async () => {
    const answers = ["tly-one", "tly-two", "tly-three"]
    const { awaits, create } = plan({ input: () => answers.shift() })
    expect(await awaits(awaitsContext())).toBeUndefined()
    expect(await create(makeContext({ rotationId: "r1" }))).toEqual({ value: "tly-one" })
    expect(await awaits(awaitsContext())).toBeUndefined()
    expect(await create(makeContext({ rotationId: "r2" }))).toEqual({ value: "tly-two" })
    expect(await create(makeContext({ rotationId: "r3" }))).toEqual({ value: "tly-three" })
  })

  it("is asked for again when the answer could be no token", async () => {
    const answers = ["in use", "tly-one "]
    const { awaits, create } = plan({ input: () => answers.shift() })
    const current = { value: "in use" }
    expect(await awaits(awaitsContext({ current }))).toMatch(/has spaces/)
    expect(await failureOf(create(makeContext({ current })))).toMatchObject({ code: "INVALID_VALUE" })
    expect(await awaits(awaitsContext({ current }))).toMatch(/holds no new token yet/)
  })

  it("belongs to the secret for which it was asked, also where two have one plan", async () => {
    const { awaits, create } = plan({ input: ({ name }) => `token-of-${name}` })
    expect(await awaits(awaitsContext({ name: "one" }))).toBeUndefined()
    expect(await create(makeContext({ name: "two" }))).toEqual({ value: "token-of-two" })
    expect(await create(makeContext({ name: "one" }))).toEqual({ value: "token-of-one" })
  })

  it("is text or bytes, with a line break at the end or without", async () => {
    expect(await plan({ input: () => "tly-one\n" }).create(makeContext())).toEqual({ value: "tly-one" })
    expect(await plan({ input: () => Buffer.from("tly-one") }).create(makeContext())).toEqual({
      value: "tly-one",
    })
    expect(await failureOf(plan({ input: () => 7 as never }).create(makeContext()))).toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringMatching(/something else than text/),
    })
  })
})

describe("a token that a person ends", () => {
  it("is verified as the service says, before and after", async () => {
    const seen: string[] = []
    const { verify, verifyOld, revokedByHand, revoke } = plan({
      verify: async token => {
        seen.push(token)
        return token === "good" ? "works" : "refused"
      },
    })
    expect(await verify({ value: "good" }, stepContext())).toBe("works")
    expect(await verify({ value: "tyop" }, stepContext())).toBe("refused")
    expect(await verifyOld({ value: "good" }, stepContext())).toBe("works")
    expect(await verifyOld({ value: "dead" }, stepContext())).toBe("refused")
    expect(seen).toEqual(["good", "tyop", "good", "dead"])
    expect(revokedByHand).toBe("end it there")
    expect(revoke).toBeUndefined()
  })

  it("may be looked at in another way once it is old", async () => {
    const { verifyOld } = plan({ verifyOld: async () => "refused" })
    expect(await verifyOld({ value: "anything" }, stepContext())).toBe("refused")
  })

  it("is not called dead when nobody can look", async () => {
    expect(await failureOf(plan().verifyOld({ id: "7" }, stepContext()))).toMatchObject({
      code: "UNSUPPORTED",
      hint: "end it there",
    })
    expect(await failureOf(plan().verify({ value: new Uint8Array([255]) }, stepContext()))).toMatchObject({
      code: "INVALID_VALUE",
    })
  })
})

describe("the options of assisted()", () => {
  it.each([
    [{ howtoMake: "x" }, /"howtoMake" that does not exist/],
    [{ verify: undefined }, /verify of assisted\(\) was given no function/],
    [{ howToMake: " " }, /howToMake of assisted\(\) says nothing/],
    [{ howToRevoke: undefined }, /howToRevoke of assisted\(\) says nothing/],
    [{ prefix: /tly-/ }, /prefix of assisted\(\) is no text/],
    [{ input: undefined }, /options of input of assisted\(\) are not an object/],
    [{ input: { path: "x" } }, /"path" that does not exist/],
    [{ input: {} }, /neither a file nor a stream nor a function/],
    [{ input: { file: "" } }, /neither a file nor a stream nor a function/],
    [{ input: { stream: "tly-one" } }, /neither a file nor a stream nor a function/],
    [{ input: { file: "x", stream: Readable.from([]) } }, /neither a file nor a stream nor a function/],
  ])("%j are refused", (more, message) => {
    expect(() => plan(more as never)).toThrow(message)
  })

  it("shows no token that stands where a file should be named", () => {
    const canary = newCanary()
    try {
      plan({ input: { [canary.text]: canary.text } as never })
      expect.unreachable()
    } catch (thrown) {
      canary.watch(thrown)
      expect(thrown).toMatchObject({ code: "MISCONFIGURED" })
    }
  })
})
