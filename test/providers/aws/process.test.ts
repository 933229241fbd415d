import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { aws } from "latchkey/aws"
import { expect, onTestFinished, test } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild } from "../../support/child.ts"
import { foreignTo, WATCHED } from "../../support/watched.ts"
import { awsError, awsSecret, calm, errorOf, type Play, play, read } from "./play.ts"

const READ = `
  import { aws } from "latchkey/aws"
  const store = aws(JSON.parse(process.env.OPTIONS ?? "{}"))
  const read = async () =>
    await store.read("tally/api-token", { signal: new AbortController().signal }).then(
      ({ value }) => console.log(value.length),
      error => console.log(error.code + " " + error.hint),
    )`

/** No metadata of a machine, and no files of whoever runs the tests. */
const NOTHING = { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" }

const keyOf = (server: Play, index: number): string | undefined =>
  /Credential=(\w+)/.exec(String(server.requests[index]?.headers.authorization))?.[1]

const optionsFor = (server: Play, secret: string): string =>
  JSON.stringify({
    region: "eu-west-1",
    endpoint: server.url,
    credentials: { accessKeyId: "AKID", secretAccessKey: secret },
  })

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-aws-"))
  onTestFinished(async () => await rm(path, { recursive: true }))
  return path
}

test("a process ends by itself within a second of close(), and has printed nothing", async () => {
  const canary = newCanary()
  const server = await play(() => ({ body: awsSecret("tally/api-token", canary.text) }))
  const ended = await runChild(`${READ}\nawait read()\nawait store.close()\nconsole.log("closed")`, {
    env: { OPTIONS: optionsFor(server, canary.text) },
  })
  expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "32\nclosed\n" })
  expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
  expectNoLeak(canary, ended.stdout)
})

test("importing loads no package at all, and reading none of another backend", async () => {
  const server = await play(() => ({ body: awsSecret("tally/api-token", "tly-1") }))
  const ended = await runChild(
    `${WATCHED}
     const { aws } = await import("latchkey/aws")
     const store = aws(JSON.parse(process.env.OPTIONS!))
     console.log("imported: " + packages().join())
     await store.read("tally/api-token", { signal: new AbortController().signal })
     await store.close()
     console.log("read: " + packages().join())`,
    { env: { OPTIONS: optionsFor(server, "key") } },
  )
  const [imported, used] = ended.stdout.split("\n")
  expect([ended.stderr, imported]).toEqual(["", "imported: "])
  expect(used).toContain("@aws-sdk/client-secrets-manager")
  expect(foreignTo("aws", used?.replace("read: ", "").split(",") ?? [])).toEqual([])
})

test("a package that is missing is named with the line that installs it, and looked for again", async () => {
  const ended = await runChild(
    `${WATCHED}
     ${READ}
     await read()
     await read()
     console.log(missed.length)`,
    { env: { MISSING: "@aws-sdk/client-secrets-manager" } },
  )
  const line = "MISCONFIGURED npm install @aws-sdk/client-secrets-manager"
  expect([ended.stderr, ended.stdout]).toEqual(["", `${line}\n${line}\n2\n`])
})

test("what is not said is found by the SDK: region, endpoint and keys in the environment", async () => {
  const canary = newCanary()
  const server = await play(() => ({ body: awsSecret("tally/api-token", "tly-1") }))
  for (const variable of ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER"]) {
    const keys = { AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: canary.text, AWS_REGION: "eu-west-3" }
    const ended = await runChild(`${READ}\nawait read()\nawait store.close()`, {
      env: { ...NOTHING, ...keys, [variable]: server.url },
    })
    expect([ended.stderr, ended.stdout]).toEqual(["", "5\n"])
  }
  expect([keyOf(server, 0), keyOf(server, 1)]).toEqual(["AKIDENV", "AKIDENV"])
  expect(String(server.requests[0]?.headers.authorization)).toContain("/eu-west-3/secretsmanager/")
})

test.for([
  [
    "no region",
    { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    /^MISCONFIGURED write it into the URL/,
  ],
  [
    "a profile that there is not",
    { AWS_REGION: "eu-west-1", AWS_PROFILE: "nobodys" },
    /^UNAUTHENTICATED .*name a profile that has some/,
  ],
  ["no credentials", { AWS_REGION: "eu-west-1" }, /^UNAUTHENTICATED set AWS_ACCESS_KEY_ID/],
  ["a region that is none", { AWS_REGION: "eu west" }, /^MISCONFIGURED write it into the URL/],
] as const)("where there is %s, that is said, and not that a secret is missing", async ([, env, said]) => {
  const ended = await runChild(`${READ}\nawait read()\nawait store.close()`, { env: { ...NOTHING, ...env } })
  expect(ended.stderr).toBe("")
  expect(ended.stdout).toMatch(said)
})

test("a profile is read from its files, again after its keys were refused, and nothing is printed about it", async () => {
  const canary = newCanary()
  const home = await folder()
  const server = await play(request =>
    String(request.headers.authorization).includes("Credential=AKIDNEW/")
      ? { body: awsSecret("tally/api-token", "tly-1") }
      : awsError("UnrecognizedClientException"),
  )
  const file = (key: string) => `[dev]\naws_access_key_id = ${key}\naws_secret_access_key = ${canary.text}\n`
  await writeFile(join(home, "credentials"), file("AKIDOLD"))
  await writeFile(join(home, "config"), "[profile dev]\nregion = eu-north-1\n")
  const ended = await runChild(
    `import { writeFile } from "node:fs/promises"
     ${READ}
     await read()
     await writeFile(process.env.AWS_SHARED_CREDENTIALS_FILE!, process.env.NEW_FILE!)
     await read()
     await store.close()`,
    {
      env: {
        ...NOTHING,
        OPTIONS: JSON.stringify({ endpoint: server.url, profile: "dev" }),
        AWS_SHARED_CREDENTIALS_FILE: join(home, "credentials"),
        AWS_CONFIG_FILE: join(home, "config"),
        NEW_FILE: file("AKIDNEW"),
        // Beside a profile these make the SDK print a warning.
        AWS_PROFILE: "dev",
        AWS_ACCESS_KEY_ID: "AKIDENV",
        AWS_SECRET_ACCESS_KEY: canary.text,
      },
    },
  )
  expect(ended.stderr).toBe("")
  expect(ended.stdout).toMatch(/^UNAUTHENTICATED [^\n]*\n5\n$/)
  expect([0, 1, 2].map(index => keyOf(server, index))).toEqual(["AKIDOLD", "AKIDOLD", "AKIDNEW"])
  expect(String(server.requests[0]?.headers.authorization)).toContain("/eu-north-1/secretsmanager/")
})

test("keys in the environment that were replaced are found after the old ones were refused", async () => {
  const server = await play(request =>
    String(request.headers.authorization).includes("Credential=AKIDNEW/")
      ? { body: awsSecret("tally/api-token", "tly-1") }
      : awsError("ExpiredTokenException"),
  )
  const ended = await runChild(
    `${READ}
     await read()
     process.env.AWS_ACCESS_KEY_ID = "AKIDNEW"
     await read()
     await store.close()`,
    {
      env: {
        ...NOTHING,
        AWS_REGION: "eu-west-1",
        AWS_ENDPOINT_URL: server.url,
        AWS_ACCESS_KEY_ID: "AKIDOLD",
        AWS_SECRET_ACCESS_KEY: newCanary().text,
      },
    },
  )
  expect([ended.stderr, ended.stdout.split(" ")[0], ended.stdout.endsWith("\n5\n")]).toEqual([
    "",
    "UNAUTHENTICATED",
    true,
  ])
})

test("a client of the SDK's that is handed in is used, asked for new credentials, and left open", async () => {
  let key = "AKIDOLD"
  const server = await play(request =>
    String(request.headers.authorization).includes("Credential=AKIDNEW/")
      ? { body: awsSecret("tally/api-token", "tly-1") }
      : awsError("ExpiredTokenException"),
  )
  const client = new SecretsManagerClient({
    region: "eu-west-1",
    endpoint: server.url,
    maxAttempts: 1,
    credentials: async () => ({ accessKeyId: key, secretAccessKey: newCanary().text }),
  })
  let destroyed = 0
  const destroy = client.destroy.bind(client)
  client.destroy = () => {
    destroyed += 1
    destroy()
  }
  onTestFinished(destroy)
  const store = aws({ client })
  expect((await errorOf(read(store))).code).toBe("UNAUTHENTICATED")
  key = "AKIDNEW"
  expect((await read(store)).value).toBe("tly-1")
  await store.ping(calm)
  await store.close()
  expect([store.location, destroyed]).toEqual(["aws:", 0])
})
