import { isSecretError } from "latchkey"
import { type AwsOptions, aws, fromUrl } from "latchkey/aws"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"

const from = (url: string, env: Record<string, string> = {}) => fromUrl(new URL(url), env)
const given = (options: AwsOptions) =>
  Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && JSON.stringify(value) !== "{}"),
  )

describe("a URL", () => {
  test.for<[string, Record<string, string>, AwsOptions]>([
    ["aws:", {}, {}],
    ["aws://eu-west-1", {}, { region: "eu-west-1" }],
    ["aws://eu-west-1/prod/tally", {}, { region: "eu-west-1", prefix: "prod/tally" }],
    ["aws://eu-west-1?prefix=prod", {}, { region: "eu-west-1", prefix: "prod" }],
    ["aws:/prod", { AWS_REGION: "us-east-1" }, { region: "us-east-1", prefix: "prod" }],
    ["aws://eu-west-1", { AWS_REGION: "us-east-1" }, { region: "eu-west-1" }],
    ["aws://eu-west-1?profile=dev", { AWS_PROFILE: "prod" }, { region: "eu-west-1", profile: "dev" }],
    ["aws:", { AWS_PROFILE: "prod" }, { profile: "prod" }],
    ["aws:", { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, { endpoint: "http://127.0.0.1:1" }],
    [
      "aws:",
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ENDPOINT_URL_SECRETS_MANAGER: "http://127.0.0.1:2" },
      { endpoint: "http://127.0.0.1:2" },
    ],
    ["aws:", { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, {}],
    ["aws:?endpoint=http://127.0.0.1:4566", {}, { endpoint: "http://127.0.0.1:4566" }],
    ["aws:?recovery-window=7d", {}, { recoveryWindow: "7d" }],
    ["aws:?kms-key=alias/secrets", {}, { kmsKeyId: "alias/secrets" }],
    ["aws:?stage=AWSPENDING", {}, { stage: "AWSPENDING" } as AwsOptions],
    ["aws:?rename.tally/key=Old_Key", {}, { rename: { "tally/key": "Old_Key" } }],
  ])("%s with %j says %j", ([url, env, options]) => {
    expect(given(from(url, env))).toEqual(options)
    expect(() => aws(from(url, env))).not.toThrow()
  })

  test("takes the keys from the environment that it is given, as it is at the time", async () => {
    const canary = newCanary()
    const env: Record<string, string> = { AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: canary.text }
    const { credentials } = from("aws://eu-west-1", env)
    const ask = credentials as () => Promise<unknown>
    expect(Object.keys((await ask()) as object)).toEqual(["accessKeyId", "secretAccessKey"])
    Object.assign(env, { AWS_SESSION_TOKEN: "session", AWS_CREDENTIAL_EXPIRATION: "2030-01-01T00:00:00Z" })
    expect(await ask()).toMatchObject({
      sessionToken: "session",
      expiration: new Date("2030-01-01T00:00:00Z"),
    })
    delete env.AWS_SECRET_ACCESS_KEY
    await expect(ask()).rejects.toMatchObject({ code: "UNAUTHENTICATED" })
    expect(
      from("aws://eu-west-1?profile=dev", { ...env, AWS_SECRET_ACCESS_KEY: "x" }).credentials,
    ).toBeUndefined()
    expect(from("aws://eu-west-1", {}).credentials).toBeUndefined()
  })

  test.for([
    "aws://user:CANARY@eu-west-1",
    "aws://CANARY@eu-west-1",
    "aws://eu-west-1?secretAccessKey=CANARY",
    "aws://eu-west-1?token=CANARY",
    "aws://eu-west-1?CANARY=1",
    "aws://eu-west-1/prod?prefix=CANARY",
    "aws://eu-west-1?profile=a&profile=CANARY",
    "aws://eu-west-1?endpoint=",
    "aws://eu-west-1#CANARY",
    "aws:CANARY",
    "aws://eu-west-1?endpoint=CANARY",
    "aws://eu-west-1?endpoint=http://user:CANARY@127.0.0.1",
    "aws://eu-west-1?endpoint=http://127.0.0.1/%3FCANARY",
    "aws://eu-west-1?endpoint=ftp://CANARY",
    "aws://CANARY.example.com",
    "aws://eu-west-1:443",
    "aws://eu-west-1/Not_Portable/CANARY",
    "aws://eu-west-1?recovery-window=CANARY",
    "aws://eu-west-1?recovery-window=31d",
    "aws://eu-west-1?recovery-window=36h",
    "aws://eu-west-1?recovery-window=6d",
  ])("%s is refused, and not quoted", url => {
    const canary = newCanary()
    try {
      aws(from(url.replace("CANARY", canary.text)))
    } catch (thrown) {
      expect(isSecretError(thrown) && canary.watch(thrown).code).toBe("MISCONFIGURED")
      expect(`${thrown}`.toLowerCase()).not.toContain(canary.text.toLowerCase().slice(0, 12))
      return
    }
    expect.unreachable("it was taken")
  })
})

describe("options", () => {
  test.for<[string, object]>([
    ["an option that does not exist", { regoin: "eu-west-1" }],
    ["a region that is none", { region: "eu west 1" }],
    ["a profile that is empty", { profile: "" }],
    ["an endpoint that is no URL", { endpoint: "localhost" }],
    ["credentials without a key", { credentials: { accessKeyId: "a" } }],
    ["credentials without an id", { credentials: { accessKeyId: "", secretAccessKey: "a" } }],
    ["a client that cannot send", { client: {} }],
    ["no client at all", { client: null }],
    ["a client and a region", { client: { send() {} }, region: "eu-west-1" }],
    ["a client and credentials", { client: { send() {} }, credentials: async () => ({}) }],
    ["a window that is no duration", { recoveryWindow: 30 }],
    ["a key that is empty", { kmsKeyId: "" }],
    ["no rotation a day", { rotationsPerDay: 0 }],
    ["half a rotation a day", { rotationsPerDay: 0.5 }],
    ["rotations a day as a text", { rotationsPerDay: "8" }],
    ["a stage with a blank", { stage: "AWS CURRENT" }],
    ["a stage that is no text", { stage: null }],
    ["a tag of AWS", { tags: { "aws:name": "a" } }],
    ["a tag that is no text", { tags: { team: 1 } }],
    ["a tag without a name", { tags: { "": "a" } }],
    ["tags that are none", { tags: null }],
    ["a prefix that is not portable", { prefix: "Prod" }],
    ["a prefix that is no text", { prefix: 7 }],
  ])("%s is refused when the store is made", ([, options]) => {
    expect(() => aws(options)).toThrow("MISCONFIGURED")
  })

  test.for<[AwsOptions, string]>([
    [{}, "aws:"],
    [{ region: "eu-west-1" }, "aws://eu-west-1"],
    [{ region: "eu-west-1", prefix: "prod/tally" }, "aws://eu-west-1/prod/tally"],
    [{ prefix: "prod" }, "aws:/prod"],
    [
      { region: "eu-west-1", endpoint: "http://127.0.0.1:4566/", profile: "a&b c" },
      "aws://eu-west-1?endpoint=http://127.0.0.1:4566&profile=a%26b%20c",
    ],
    [{ region: "eu-west-1", stage: "a/b&c" } as AwsOptions, "aws://eu-west-1?stage=a%2Fb%26c"],
    [{ endpoint: "https://secrets.example.com/a%26b" }, "aws:?endpoint=https://secrets.example.com/a%2526b"],
  ])("the location of %j is the URL %s, which says the same", ([options, location]) => {
    expect(aws(options).location).toBe(location)
    expect(aws(from(location)).location).toBe(location)
  })

  test("whoever reads another stage than the current one can rotate nothing", () => {
    expect(aws().rotation).toBeDefined()
    expect(aws({ stage: "AWSPENDING" }).rotation).toBeUndefined()
  })

  test("deletion says whether it can be taken back", () => {
    expect(aws().capabilities.softDelete).toBe(true)
    expect(aws({ recoveryWindow: "none" }).capabilities.softDelete).toBe(false)
  })
})
