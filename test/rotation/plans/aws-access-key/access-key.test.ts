import { IAMClient } from "@aws-sdk/client-iam"
import { isSecretError } from "latchkey"
import { describe, expect, test } from "vitest"
import {
  type AwsAccessKeyOptions,
  awsAccessKey,
} from "../../../../src/rotation/plans/aws-access-key/index.ts"
import { errorOf } from "../../../providers/aws/play.ts"
import { newCanary } from "../../../support/canary.ts"
import { awaitsContext, makeContext, stepContext } from "../contexts.ts"

const CONSUMERS = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const
const FIRST = "AKIAIOSFODNN7EXAMPLE"
const SECOND = "AKIAI44QH8DHBEXAMPLE"

type Answer = (input: Readonly<Record<string, unknown>>) => unknown

/** A client of IAM that answers so, and what it was asked. */
function iamThat(answers: Readonly<Record<string, Answer>>, config?: unknown) {
  const asked: (readonly [string, unknown])[] = []
  return {
    asked,
    config,
    async send(command: object): Promise<unknown> {
      const action = command.constructor.name.replace(/Command$/, "")
      const { input } = command as { readonly input: Readonly<Record<string, unknown>> }
      asked.push([action, input])
      const answer = answers[action]
      if (answer === undefined) throw new Error(`nobody answers ${action}`)
      return await answer(input)
    },
  }
}

function planOf(iam: AwsAccessKeyOptions["iam"], more: Partial<AwsAccessKeyOptions> = {}) {
  return awsAccessKey({ iam, user: "app", consumers: CONSUMERS, ...more })
}

const failsWith =
  (name: string, more: object = {}): Answer =>
  () => {
    throw Object.assign(new Error("a text of the service"), { name, ...more })
  }

const listed = (...ids: readonly string[]): Answer => {
  const AccessKeyMetadata = ids.map(AccessKeyId => ({
    AccessKeyId,
    Status: "Active",
    CreateDate: new Date("2026-01-02T03:04:05Z"),
  }))
  return () => ({ AccessKeyMetadata, IsTruncated: false })
}

const made: Answer = () => ({ AccessKey: { AccessKeyId: SECOND, SecretAccessKey: "a-secret" } })
const stored = (id: string) => JSON.stringify({ accessKeyId: id, secretAccessKey: "a-secret" })

describe("awsAccessKey()", () => {
  test.for<[string, object]>([
    ["an option that does not exist", { name: "app" }],
    ["no client", { iam: undefined }],
    ["a client without send", { iam: {} }],
    ["no user", { user: undefined }],
    ["an ARN for a user", { user: "arn:aws:iam::123456789012:user/app" }],
    ["a region that is none", { sts: { region: "Europe" } }],
    ["an address that is none", { sts: { endpoint: "sts.eu-west-1" } }],
    ["another address", { sts: { endpoint: "ftp://sts" } }],
    ["an option of sts that does not exist", { sts: { url: "https://sts" } }],
    ["a fetch that is none", { sts: { fetch: "fetch" } }],
  ])("refuses %s", ([, wrong]) => {
    const options = { iam: iamThat({}), user: "app", consumers: CONSUMERS, ...wrong }
    expect(() => awsAccessKey(options as AwsAccessKeyOptions)).toThrow(
      expect.objectContaining({ code: "MISCONFIGURED" }),
    )
  })

  test("is a plan that mints, with an overlap and without labels", () => {
    expect(planOf(iamThat({}), { grace: "3h", deadlines: { verify: "90s" } })).toMatchObject({
      kind: "minted",
      overlap: true,
      labels: false,
      exclusive: false,
      grace: "3h",
      deadlines: { verify: "90s" },
      consumers: CONSUMERS,
    })
  })
})

describe("minting", () => {
  test("gives the key as JSON, and its id", async () => {
    const iam = iamThat({ CreateAccessKey: made })
    const credential = await planOf(iam).mint(makeContext())
    expect(credential).toEqual({ value: stored(SECOND), id: SECOND })
    expect(iam.asked).toEqual([["CreateAccessKey", { UserName: "app" }]])
  })

  test("of a third key is refused by IAM, and it is told which two there are", async () => {
    const iam = iamThat({
      CreateAccessKey: failsWith("LimitExceededException"),
      ListAccessKeys: listed(FIRST, SECOND),
    })
    const current = { value: stored(FIRST), id: FIRST }
    const error = await errorOf(planOf(iam).mint(makeContext({ current })))
    expect([error.code, error.outcome, error.secret]).toEqual(["MISCONFIGURED", undefined, "auth/some-key"])
    expect(error.hint).toBe(
      `the user app has as many keys as it may: ${FIRST} (active, of 2026-01-02, in this secret), ${SECOND} (active, of 2026-01-02); end the one that nobody uses: aws iam delete-access-key --user-name app --access-key-id ${SECOND}`,
    )
    const unknown = await errorOf(planOf(iam).mint(makeContext()))
    expect(unknown.hint).toMatch(/--access-key-id ID$/)
  })

  test("by a client that repeats calls is refused before anything is sent", async () => {
    const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" }
    const iam = new IAMClient({ region: "eu-west-1", endpoint: "http://127.0.0.1:1", credentials })
    const plan = planOf(iam)
    for (const call of [plan.mint(makeContext()), plan.awaits?.(awaitsContext()) ?? Promise.resolve()]) {
      const error = await errorOf(call)
      expect([error.code, error.hint]).toEqual(["MISCONFIGURED", "make it with maxAttempts: 1"])
    }
    iam.destroy()
  })

  test.for([
    ["a server that failed", "ServiceFailureException", {}, "UNAVAILABLE", "unknown"],
    ["a connection that broke off", "Error", { code: "ECONNRESET" }, "UNAVAILABLE", "unknown"],
    ["what nobody knows", "OddException", {}, "UNAVAILABLE", "unknown"],
    ["an address where nobody listens", "Error", { code: "ECONNREFUSED" }, "UNAVAILABLE", undefined],
    ["a user that is being changed", "EntityTemporarilyUnmodifiableException", {}, "UNAVAILABLE", undefined],
    ["too many calls", "Throttling", {}, "THROTTLED", undefined],
    ["no permission", "AccessDenied", {}, "DENIED", undefined],
    ["no such user", "NoSuchEntityException", {}, "MISCONFIGURED", undefined],
    ["expired credentials", "ExpiredToken", {}, "UNAUTHENTICATED", undefined],
    ["no credentials", "CredentialsProviderError", {}, "UNAUTHENTICATED", undefined],
  ] as const)("that ends with %s says what may have become of it", async ([, name, more, code, outcome]) => {
    const iam = iamThat({ CreateAccessKey: failsWith(name, more) })
    const error = await errorOf(planOf(iam).mint(makeContext()))
    expect([error.code, error.outcome, "cause" in error, error.message.includes("a text")]).toEqual([
      code,
      outcome,
      false,
      false,
    ])
  })

  test.for<[string, unknown]>([
    ["nothing", undefined],
    ["no key", {}],
    ["a key without an id", { AccessKey: { SecretAccessKey: "a-secret" } }],
    ["a key without a secret", { AccessKey: { AccessKeyId: SECOND, SecretAccessKey: "" } }],
  ])("that is answered with %s has an unknown outcome", async ([, answer]) => {
    const error = await errorOf(planOf(iamThat({ CreateAccessKey: () => answer })).mint(makeContext()))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  })

  test("ends when its caller leaves, also where the client looks at no signal", async () => {
    const leaving = new AbortController()
    const iam = iamThat({ CreateAccessKey: () => new Promise(() => leaving.abort()) })
    const error = await errorOf(planOf(iam).mint(makeContext({ signal: leaving.signal })))
    expect(error.code).toBe("ABORTED")
  })
})

describe("listing", () => {
  test("goes on to the last page", async () => {
    const iam = iamThat({
      ListAccessKeys: ({ Marker }) =>
        Marker === undefined
          ? {
              AccessKeyMetadata: [{ AccessKeyId: FIRST, Status: "Active" }],
              IsTruncated: true,
              Marker: "more",
            }
          : { AccessKeyMetadata: [{ AccessKeyId: SECOND, Status: "Inactive" }], IsTruncated: false },
    })
    expect(await planOf(iam).listMinted?.(stepContext())).toEqual([{ id: FIRST }, { id: SECOND }])
  })

  test.for<[string, unknown]>([
    ["nothing", undefined],
    ["no list", {}],
    ["a key without an id", { AccessKeyMetadata: [{}] }],
  ])("that is answered with %s is no list", async ([, answer]) => {
    const error = await errorOf(
      planOf(iamThat({ ListAccessKeys: () => answer })).listMinted?.(stepContext()) ?? Promise.resolve(),
    )
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
  })
})

describe("ending a key", () => {
  test("switches it off first, and then removes it", async () => {
    const iam = iamThat({ UpdateAccessKey: () => ({}), DeleteAccessKey: () => ({}) })
    await planOf(iam).revoke({ id: FIRST }, stepContext())
    expect(iam.asked).toEqual([
      ["UpdateAccessKey", { UserName: "app", AccessKeyId: FIRST, Status: "Inactive" }],
      ["DeleteAccessKey", { UserName: "app", AccessKeyId: FIRST }],
    ])
  })

  test("that is gone, or half gone, is no failure", async () => {
    const gone = failsWith("NoSuchEntityException")
    await planOf(iamThat({ UpdateAccessKey: gone, DeleteAccessKey: gone })).revoke(
      { id: FIRST },
      stepContext(),
    )
    const failing = iamThat({
      UpdateAccessKey: () => ({}),
      DeleteAccessKey: failsWith("ServiceFailureException"),
    })
    const error = await errorOf(planOf(failing).revoke({ id: FIRST }, stepContext()))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
  })

  test("by its value, or not at all where nobody knows its id", async () => {
    const iam = iamThat({ UpdateAccessKey: () => ({}), DeleteAccessKey: () => ({}) })
    await planOf(iam).revoke({ value: stored(FIRST) }, stepContext())
    expect(iam.asked[1]).toEqual(["DeleteAccessKey", { UserName: "app", AccessKeyId: FIRST }])
    expect((await errorOf(planOf(iam).revoke({ value: "odd" }, stepContext()))).code).toBe("MISCONFIGURED")
  })

  test("with which the client itself signs is refused, before it is switched off", async () => {
    const credentials = async () => ({ accessKeyId: FIRST })
    const iam = iamThat({ ListAccessKeys: listed(FIRST) }, { credentials })
    expect((await errorOf(planOf(iam).revoke({ id: FIRST }, stepContext()))).code).toBe("MISCONFIGURED")
    const context = awaitsContext({ current: { value: stored(FIRST) } })
    expect((await errorOf(planOf(iam).awaits?.(context) ?? Promise.resolve())).code).toBe("MISCONFIGURED")
    expect(iam.asked).toEqual([])
    // A login that fails is told by the call that needs it.
    const failing = iamThat(
      { UpdateAccessKey: () => ({}), DeleteAccessKey: () => ({}) },
      { credentials: async () => await Promise.reject(new Error("no login")) },
    )
    await planOf(failing).revoke({ id: FIRST }, stepContext())
  })
})

describe("trying a key", () => {
  const answering = (status: number, body: string) => {
    const asked: Request[] = []
    const fetch = async (url: string | URL | Request, init?: RequestInit) => {
      asked.push(new Request(url, init))
      return new Response(body, { status })
    }
    return { asked, fetch: fetch as typeof globalThis.fetch }
  }
  const works = "<GetCallerIdentityResponse><GetCallerIdentityResult></GetCallerIdentityResult>"
  const fault = (code: string, message = "a text") =>
    `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
  const key = { value: stored(FIRST) }

  test.for<[unknown, NonNullable<AwsAccessKeyOptions["sts"]> | undefined, string]>([
    [undefined, undefined, "https://sts.us-east-1.amazonaws.com/"],
    [{ region: async () => "eu-west-1" }, undefined, "https://sts.eu-west-1.amazonaws.com/"],
    [{ region: async () => "aws-global" }, undefined, "https://sts.us-east-1.amazonaws.com/"],
    [{ region: "cn-north-1" }, undefined, "https://sts.cn-north-1.amazonaws.com.cn/"],
    [
      { region: async () => await Promise.reject(new Error("none")) },
      undefined,
      "https://sts.us-east-1.amazonaws.com/",
    ],
    [{ region: "eu-west-1" }, { region: "us-west-2" }, "https://sts.us-west-2.amazonaws.com/"],
    [undefined, { endpoint: "https://sts.internal/" }, "https://sts.internal/"],
  ])("asks STS where the client is, or where it is told: %#", async ([config, sts, url]) => {
    const { asked, fetch } = answering(200, works)
    const plan = planOf(iamThat({}, config), { sts: { ...sts, fetch } })
    expect(await plan.verify(key, stepContext())).toBe("works")
    expect(asked[0]?.url).toBe(url)
    expect(await asked[0]?.text()).toBe("Action=GetCallerIdentity&Version=2011-06-15")
  })

  test.for([
    ["an unknown or inactive key", 403, fault("InvalidClientTokenId"), "refused"],
    ["a wrong secret", 403, fault("SignatureDoesNotMatch", "The request signature we calculated"), "refused"],
    [
      "a wrong clock",
      403,
      fault("SignatureDoesNotMatch", "Signature expired: 2015 is now earlier"),
      "UNAVAILABLE",
    ],
    [
      "another wrong clock",
      403,
      fault("SignatureDoesNotMatch", "Signature not yet current: 2035"),
      "UNAVAILABLE",
    ],
    ["too many calls", 400, fault("Throttling"), "THROTTLED"],
    ["too many calls, says a proxy", 429, "slow down", "THROTTLED"],
    ["a service that failed", 500, fault("InternalFailure"), "UNAVAILABLE"],
    ["a page of a proxy", 200, "<html>log in</html>", "UNAVAILABLE"],
    ["a page of a proxy that refuses", 403, "<html>forbidden</html>", "UNAVAILABLE"],
  ] as const)("%s is told from the others", async ([, status, body, expected]) => {
    const canary = newCanary()
    const { fetch } = answering(status, body)
    const value = JSON.stringify({ accessKeyId: FIRST, secretAccessKey: canary.text })
    const outcome = await planOf(iamThat({}), { sts: { fetch } })
      .verify({ value }, stepContext())
      .catch((error: unknown) => (isSecretError(error) ? canary.watch(error).code : "odd"))
    expect(outcome).toBe(expected)
  })

  test.for([
    [{ cause: { code: "ENOTFOUND" } }, "there is no such host"],
    [{ cause: { code: "UND_ERR_CONNECT_TIMEOUT" } }, "the backend cannot be reached"],
    [{ message: "odd" }, "STS could not be asked"],
  ] as const)("that cannot be asked for is thrown: %#", async ([thrown, message]) => {
    const fetch = async () => await Promise.reject(Object.assign(new TypeError("fetch failed"), thrown))
    const error = await errorOf(planOf(iamThat({}), { sts: { fetch } }).verify(key, stepContext()))
    expect([error.code, error.plainMessage]).toEqual(["UNAVAILABLE", message])
  })

  test("is left when its caller leaves", async () => {
    const leaving = new AbortController()
    const fetch = () => new Promise<never>(() => leaving.abort())
    const plan = planOf(iamThat({}), { sts: { fetch } })
    const error = await errorOf(plan.verify(key, stepContext({ signal: leaving.signal })))
    expect(error.code).toBe("ABORTED")
  })
})
