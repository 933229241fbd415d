import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { z } from "zod"
import { dotenv } from "../../providers/dotenv/index.ts"
import { env } from "../../providers/env/index.ts"
import { layered } from "../../providers/layered/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { ConfigError, loadConfig, secret, setting } from "../../src/config/index.ts"
import { SecretError, type SecretStore } from "../../src/core/index.ts"
import { Secrets } from "../../src/secrets/index.ts"
import { newCanary } from "../support/canary.ts"
import { startChild } from "../support/child.ts"
import { fakeSecrets } from "./fake-secrets.ts"

async function errorOf(loading: Promise<unknown>): Promise<ConfigError> {
  const error: unknown = await loading.then(
    () => expect.unreachable("the configuration was loaded"),
    thrown => thrown,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return error as ConfigError
}

/** The hint for one field of a configuration that has only that. */
async function hintFor(
  field: z.core.$ZodType,
  store: SecretStore,
  settings?: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const loading = loadConfig(z.object({ field }), { secrets: fakeSecrets(store), settings })
  return (await errorOf(loading)).problems[0]?.hint
}

/** A `.env` with this content, in a folder of its own. */
async function envFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-config-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  await writeFile(join(folder, ".env"), content)
  return join(folder, ".env")
}

describe("the message", () => {
  it("names everything that is wrong at once, and reads well in a terminal", async () => {
    const canary = newCanary()
    const store = env({ env: { TALLY_API_TOKEN: canary.text, JWT_KEY: canary.text, NEW_LINE: canary.text } })
    const Config = z.object({
      tally: z.object({
        apiToken: secret("tally/api-token", z.string().startsWith("tly-")),
        baseUrl: setting("TALLY_BASE_URL", z.url().default("https://api.tally.so")),
      }),
      keys: z.object({ jwt: secret("jwt-key", z.string().length(64)), session: secret("session-key") }),
      port: setting("PORT", z.coerce.number().int().min(0).max(65_535).default(3000)),
      mode: setting("MODE", z.enum(["development", "production"])),
    })
    const secrets = fakeSecrets(store, {
      "session-key": new SecretError("DENIED", {
        secret: "session-key",
        hint: "ask for permission to read it",
      }),
    })
    const settings = { PORT: canary.text, TALLY_BASE_URL: canary.text, MODE: "" }

    const error = canary.watch(await errorOf(loadConfig(Config, { secrets, settings })))

    expect(error.message).toBe(`6 things are wrong with the configuration

  tally.apiToken: there is no such secret (NOT_FOUND)
    source    tally/api-token, which is TALLY__API_TOKEN in env:
    expected  text that starts with "tly-"
    hint      TALLY_API_TOKEN is set, but tally/api-token is read from TALLY__API_TOKEN: "/" is two underscores, "-" is one

  tally.baseUrl: it does not have the right format (INVALID_VALUE)
    source    TALLY_BASE_URL in the settings that were given
    expected  a URL
    hint      correct the value of TALLY_BASE_URL

  keys.jwt: it is too short or too small (INVALID_VALUE)
    source    jwt-key, which is JWT_KEY in env:
    expected  text that has exactly 64 characters
    hint      store another value under jwt-key

  keys.session: reading or writing it is not permitted (DENIED)
    source    session-key, which is SESSION_KEY in env:
    hint      ask for permission to read it

  port: it is of the wrong type (INVALID_VALUE)
    source    PORT in the settings that were given
    expected  a whole number that is at least 0 and is at most 65535
    hint      correct the value of PORT

  mode: it is set, but empty (NOT_FOUND)
    source    MODE in the settings that were given
    expected  one of "development", "production"
    hint      give it a value: an empty one counts as none
`)
  })

  it("is printed once when nobody catches the error", async () => {
    const canary = newCanary()
    const child = startChild(
      `
      import { z } from "zod"
      import { Secrets } from "latchkey"
      import { env } from "latchkey/env"
      import { loadConfig, secret } from "latchkey/config"
      const Config = z.object({ token: secret("token", z.string().startsWith("tly-")), other: secret("other-one") })
      await loadConfig(Config, { secrets: new Secrets(env()) })
      `,
      { env: { TOKEN: canary.text } },
    )
    const { code, stdout, stderr } = canary.watch(await child.ended)
    expect(code).toBe(1)
    expect(stdout).toBe("")
    expect(stderr.match(/other: there is no such secret/g)).toHaveLength(1)
    expect(stderr.match(/add|set OTHER_ONE in the environment/g)).toHaveLength(1)
    expect(stderr).not.toContain("problems:")
  })

  it("shows odd names and keys as they may stand in one line of a terminal", async () => {
    const Config = z.object({
      "a key": z.object({ "\u001b[31m": setting("ODD\u001b[31m\nNAME", z.string()) }),
    })
    const error = await errorOf(loadConfig(Config, { secrets: fakeSecrets(memory()), settings: {} }))
    expect(error.problems[0]?.path).toBe('["a key"]["\\u001b[31m"]')
    expect(error.problems[0]?.source).toBe("ODD\ufffd[31m\ufffdNAME in the settings that were given")
    expect(error.message).not.toContain("\u001b")
  })
})

describe("the error", () => {
  it("has frozen problems for programs, which are not enumerable", async () => {
    const error = await errorOf(loadConfig(secret("a"), { secrets: fakeSecrets(memory()) }))
    expect(Object.keys(error)).toEqual([])
    expect(error.problems).toEqual([
      {
        path: "",
        name: "a",
        source: "a in memory:",
        code: "NOT_FOUND",
        problem: "there is no such secret",
        hint: "store a value under this name in memory:",
      },
    ])
    expect(() => Object.assign(error.problems[0] ?? {}, { hint: "" })).toThrow(TypeError)
    expect(error.message).toContain(
      "one thing is wrong with the configuration\n\n  the whole of it: there is",
    )
    expect(error.cause).toBeUndefined()
  })

  it("says where a secret was looked for in layers, and what the last cause of a time-out was", async () => {
    const store = layered([env({ env: {} }), dotenv(await envFile(""))])
    const Config = z.object({ a: secret("a"), b: secret("b") })
    const secrets = fakeSecrets(store, {
      b: new SecretError("TIMEOUT", { store: "vault://somewhere", lastCode: "THROTTLED" }),
    })
    const { problems } = await errorOf(loadConfig(Config, { secrets, settings: {} }))
    expect(problems[0]?.source).toMatch(/^a, which is A in env:, then dotenv:.*\.env$/)
    expect(problems[1]).toMatchObject({
      code: "TIMEOUT",
      source: "b, which is B in vault://somewhere",
      problem: "no answer in time, last cause THROTTLED",
    })
  })
})

describe("a value of a layered store that is refused", () => {
  const Config = z.object({
    token: secret("tally/api-token", z.string().startsWith("tly-")),
    login: secret("login#pass", z.string().min(12), { format: "text" }),
    data: secret("data", z.object({}), { format: "json" }),
    good: secret("good"),
  })

  it("is located, and what it wins over is told", async () => {
    const canary = newCanary()
    const login = JSON.stringify({ pass: "short" })
    const path = await envFile(`TALLY__API_TOKEN=${canary.text}\nLOGIN='${login}'\nGOOD=1\n`)
    const file = dotenv(path)
    const store = layered([
      env({ env: { TALLY__API_TOKEN: canary.text } }),
      layered([file, memory({ data: canary.text, login: canary.text })]),
    ])
    await using secrets = new Secrets(store)
    const error = canary.watch(await errorOf(loadConfig(Config, { secrets, settings: {} })))
    expect(error.problems.map(({ source }) => source)).toEqual([
      `tally/api-token, which is TALLY__API_TOKEN in env: (it wins over ${file.location} and memory:)`,
      `login#pass, which is LOGIN in ${file.location} (it wins over memory:)`,
      expect.stringContaining("in memory:"),
    ])
    expect(error.problems[0]?.hint).toBe("correct TALLY__API_TOKEN in the environment")
    expect(error.problems[1]?.hint).toBe(`correct LOGIN in ${path}`)
    canary.watch(error.message)
  })

  it("is told with all places where the second look finds nothing any more", async () => {
    const path = await envFile("")
    const secrets = fakeSecrets(layered([env({ env: { A: "x" } }), dotenv(path)]))
    let rounds = 0
    const reader = {
      store: secrets.store,
      getManySettled: async (requests: Parameters<typeof secrets.getManySettled>[0]) => {
        rounds++
        if (rounds === 1) return await secrets.getManySettled(requests)
        return Object.fromEntries(Object.keys(requests).map(key => [key, new SecretError("NOT_FOUND")]))
      },
    }
    const loading = loadConfig(z.object({ a: secret("a", z.url()) }), { secrets: reader, settings: {} })
    const [problem] = (await errorOf(loading)).problems
    expect(rounds).toBe(2)
    expect(problem?.source).toMatch(/^a, which is A in env:, then dotenv:/)
    expect(problem?.hint).toBe("store another value under a")
  })
})

describe("the hint for a missing secret", () => {
  const token = secret("tally/api-token", z.string().startsWith("tly-"))

  it("is the line to add to the .env, with the beginning that the value must have", async () => {
    const path = await envFile("OTHER=1\n")
    expect(await hintFor(token, dotenv(path))).toBe(`add this line to ${path}: TALLY__API_TOKEN=tly-…`)
    const layers = layered([env({ env: {} }), dotenv(path)])
    expect(await hintFor(token, layers)).toBe(`add this line to ${path}: TALLY__API_TOKEN=tly-…`)
    expect(await hintFor(secret("other-one"), layers)).toBe(`add this line to ${path}: OTHER_ONE=…`)
  })

  it("is the variable to set where there is only the environment", async () => {
    expect(await hintFor(token, env({ env: {} }))).toBe("set TALLY__API_TOKEN in the environment")
  })

  it("explains underscores when TALLY_API_TOKEN is set instead of TALLY__API_TOKEN", async () => {
    const expected =
      'TALLY_API_TOKEN is set, but tally/api-token is read from TALLY__API_TOKEN: "/" is two underscores, "-" is one'
    expect(await hintFor(token, env({ env: { TALLY_API_TOKEN: "x", TALLY_API_TOKENS: "x" } }))).toBe(expected)
    expect(await hintFor(token, dotenv(await envFile("TALLY_API_TOKEN=x\n")))).toBe(expected)
  })

  it("asks whether a near name was meant, if the store can be listed for nothing", async () => {
    expect(await hintFor(token, env({ env: { TALLY__API_TOKN: "x", HOME: "/" } }))).toBe(
      "did you mean tally/api-tokn, which is set as TALLY__API_TOKN?",
    )
    expect(await hintFor(token, memory({ "tally/api-tokens": "x" }))).toBe(
      "did you mean tally/api-tokens, which is there?",
    )
    expect(await hintFor(secret("db#password"), memory({ "db-1": "{}", d8: "{}" }))).toBe(
      "store a value under this name in memory:",
    )

    let listings = 0
    const remote = memory({ "tally/api-tokens": "x" })
    const listed: SecretStore = {
      ...remote,
      capabilities: { ...remote.capabilities, local: false },
      list: options => {
        listings++
        return remote.list(options)
      },
    }
    expect(await hintFor(token, listed)).toBe("store a value under this name in memory:")
    expect(listings).toBe(0)
  })

  it("comes from the store where a prefix or a renaming changes the variable", async () => {
    expect(await hintFor(token, env({ env: {}, prefix: "prod" }))).toContain("set PROD__TALLY__API_TOKEN")
    expect(await hintFor(token, env({ env: {}, rename: { "tally/api-token": "TALLY_KEY" } }))).toContain(
      "set TALLY_KEY",
    )
  })

  it("does without names when the store fails to list them, or takes too long", async () => {
    const failing: SecretStore = {
      ...env({ env: {} }),
      async *list() {
        yield { name: "tally/api-tokens" }
        throw new SecretError("UNAVAILABLE")
      },
    }
    expect(await hintFor(token, failing)).toContain("did you mean tally/api-tokens")
    const hanging: SecretStore = {
      ...env({ env: {} }),
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }),
    }
    expect(await hintFor(token, hanging)).toBe("set TALLY__API_TOKEN in the environment")
  })

  it("is the rule of the store for a name that it cannot hold", async () => {
    const loading = loadConfig(z.object({ a: secret("no name") }), { secrets: fakeSecrets(env({ env: {} })) })
    const [problem] = (await errorOf(loading)).problems
    expect(problem).toMatchObject({ code: "INVALID_NAME", source: "no name in env:" })
    expect(problem?.hint).toContain("an environment variable is")
  })
})

describe("the hint for a setting", () => {
  const unset = "LATCHKEY_TEST_BASE_URL"

  it("says how to set it", async () => {
    expect(await hintFor(setting(unset, z.url()), memory())).toBe(`set ${unset} in the environment`)
    expect(await hintFor(setting(unset, z.url()), memory(), {})).toBe(`give ${unset} in the settings`)
  })

  it("asks whether a near name was meant", async () => {
    expect(await hintFor(setting(unset, z.url()), memory(), { LATCHKEY_TEST_BASEURL: "x" })).toBe(
      "did you mean LATCHKEY_TEST_BASEURL, which is set?",
    )
  })

  it("names the .env in which it stands, from which no setting is taken by itself", async () => {
    const path = await envFile(`${unset}=https://evil.example\n`)
    for (const store of [dotenv(path), layered([env(), dotenv(path)])]) {
      const hint = await hintFor(setting(unset, z.url()), store)
      expect(hint).toMatch(/^it stands only in .*\.env, from which no settings are taken by themselves: /)
      expect(hint).toContain(`await readDotenv("${path}")`)
    }
  })

  it("does not say so of a variable that the environment has, but the given settings have not", async () => {
    const layers = layered([env({ env: { PATH: "x" } }), dotenv(await envFile("PATH=x\n"))])
    expect(await hintFor(setting("PATH", z.string()), layers, {})).toBe("give PATH in the settings")
  })

  it("names the conversion that is missing", async () => {
    const loose = (schema: z.ZodType) => hintFor(setting("VALUE", schema), memory(), { VALUE: "1" })
    expect(await loose(z.number() as never)).toBe("a setting is text: z.coerce.number() converts it")
    expect(await loose(z.boolean() as never)).toBe("a setting is text: z.stringbool() converts it")
    expect(await loose(z.url())).toBe("correct the value of VALUE")
  })

  it("does not name a conversion that is there", async () => {
    const hint = (schema: z.ZodType, value: string) =>
      hintFor(setting("VALUE", schema), memory(), { VALUE: value })
    const correct = "correct the value of VALUE"
    expect(await hint(z.coerce.number(), "abc")).toBe(correct)
    expect(await hint(z.coerce.number().int().min(0), "abc")).toBe(correct)
    expect(await hint(z.coerce.date(), "abc")).toBe(correct)
    expect(await hint(z.coerce.bigint(), "abc")).toBe(correct)
    expect(await hint(z.stringbool(), "abc")).toBe(correct)
  })

  it("asks a schema that throws to say what is wrong", async () => {
    const loose = (schema: z.ZodType) => hintFor(setting("VALUE", schema), memory(), { VALUE: "1" })
    expect(await loose(z.string().transform(text => JSON.parse(`{${text}`)))).toContain("ctx.addIssue")
  })
})

describe("what is expected", () => {
  const expected = async (schema: z.ZodType) => {
    const loading = loadConfig(z.object({ value: setting("VALUE", schema) }), {
      secrets: fakeSecrets(memory()),
      settings: {},
    })
    return (await errorOf(loading)).problems[0]?.expected
  }

  it.each([
    [z.string(), "text"],
    [z.string().min(1), "text that is not empty"],
    [z.string().min(3).max(9), "text that has at least 3 characters and has at most 9 characters"],
    [z.string().regex(/^a+$/), "text that matches /^a+$/"],
    [z.string().regex(new RegExp("a".repeat(80))), "text that matches the pattern of its schema"],
    [z.string().endsWith("b").includes("c"), 'text that ends with "b" and contains "c"'],
    [z.string().lowercase().uppercase(), "text that is in lower case and is in upper case"],
    [
      z
        .string()
        .refine(() => true)
        .refine(() => true),
      "text that passes its own check",
    ],
    [z.string().trim().toLowerCase(), "text"],
    [z.email(), "an e-mail address"],
    [z.string().url(), "a URL"],
    [z.iso.datetime(), "an ISO date and time"],
    [z.nanoid(), "text that has the format nanoid"],
    [
      z.coerce.number().gt(0).lt(5).multipleOf(2),
      "a number that is above 0 and is below 5 and is a multiple of 2",
    ],
    [z.coerce.bigint(), "a whole number"],
    [z.coerce.date().min(new Date(0)).max(new Date(1)), "a date"],
    [z.stringbool(), "true or false"],
    [z.literal("a"), '"a"'],
    [z.enum(Array.from({ length: 20 }, (_, index) => `v${index}`)), /^one of "v0", .*"v11", …$/],
    [z.union([z.url(), z.literal("none")]), 'a URL or "none"'],
    [z.union([z.url(), z.instanceof(URL)]), "a URL or a value that passes its own check"],
    [z.string().transform(Number).pipe(z.number()), "text"],
    [z.preprocess(value => value, z.array(z.string()).min(2)), "a list that has at least 2 elements"],
    [z.preprocess(value => value, z.record(z.string(), z.string())), "an object"],
    [z.preprocess(value => value, z.object({})), "an object"],
    [z.preprocess(value => value, z.object({ a: z.string(), b: z.string() })), "an object with a, b"],
    [z.templateLiteral(["a", z.number()]), "text of a certain pattern"],
    [z.string().nullable().readonly(), "text"],
    [z.preprocess(value => value, z.symbol()), undefined],
    [z.string().regex(/^a+$/).describe("a row of a's"), "a row of a's"],
    [z.url().describe("where it is").transform(String), "where it is"],
    [z.string().describe("two\nlines"), "two\uFFFDlines"],
  ])("is told from the schema: case %#", async (schema, text) => {
    const told = await expected(schema)
    if (text instanceof RegExp) expect(told).toMatch(text)
    else expect(told).toBe(text)
  })

  it("is told without patterns and values for secrets", async () => {
    const told = async (schema: z.ZodType, value: string) => {
      const loading = loadConfig(z.object({ value: secret("value", schema) }), {
        secrets: fakeSecrets(memory({ value })),
      })
      return (await errorOf(loading)).problems[0]?.expected
    }
    expect(await told(z.string().regex(/^abc$/).endsWith("x"), "-")).toBe(
      "text that has the format that its schema says",
    )
    expect(await told(z.literal("abc"), "-")).toBe("one certain value")
    expect(await told(z.enum(["abc", "def"]), "-")).toBe("one of 2 certain values")
    expect(await told(z.string().startsWith("a".repeat(40)), "-")).toBe("text that starts as its schema says")
  })
})

describe("what is wrong with a value", () => {
  const problemOf = async (field: z.core.$ZodType, stored: string | Uint8Array, settings = {}) => {
    const loading = loadConfig(z.object({ field }), {
      secrets: fakeSecrets(memory({ field: stored })),
      settings,
    })
    return (await errorOf(loading)).problems[0]
  }

  it("is that it is empty, whatever the check is that noticed it", async () => {
    const empty = { code: "INVALID_VALUE", problem: "it is empty" }
    const Token = z.string().startsWith("tly-")
    expect(await problemOf(secret("field", Token), "")).toMatchObject({
      ...empty,
      expected: 'text that starts with "tly-"',
    })
    const Bytes = z.instanceof(Uint8Array).refine(bytes => bytes.length === 32)
    expect(await problemOf(secret("field", Bytes, { format: "bytes" }), new Uint8Array())).toMatchObject(
      empty,
    )
    expect(await problemOf(secret("field", Token), "t")).toMatchObject({
      problem: "it does not have the right format",
    })
  })

  it("speaks of options only where the schema has no description that says it better", async () => {
    const Place = z.union([z.enum(["here", "there"]), z.literal("none")])
    const described = Place.describe("an address or none")
    const settings = { PLACE: "-" }
    expect(await problemOf(setting("PLACE", Place), "", settings)).toMatchObject({
      problem: "it fits none of the options",
      expected: 'one of "here", "there" or "none"',
    })
    for (const schema of [described, described.default("none")]) {
      expect(await problemOf(setting("PLACE", schema), "", settings)).toMatchObject({
        problem: "it is not what is expected",
        expected: "an address or none",
      })
    }
    expect((await problemOf(secret("field", described), "-"))?.problem).toBe("it is not what is expected")
  })

  it("comes with what is expected at the place below the field that is wrong", async () => {
    const Login = z.object({
      user: z.string(),
      pass: z.string().min(12).endsWith("!").optional(),
      hosts: z.array(z.string().min(3)).min(1),
      place: z.union([z.literal("y"), z.literal("x")]).describe("where it is"),
    })
    const good = { user: "u", hosts: ["abc"], place: "x" }
    const problem = (changes: object) =>
      problemOf(secret("field", Login, { format: "json" }), JSON.stringify({ ...good, ...changes }))
    expect(await problem({ pass: "short!" })).toMatchObject({
      path: "field.pass",
      problem: "it is too short or too small",
      expected: "text that has at least 12 characters and has the format that its schema says",
    })
    expect(await problem({ hosts: [] })).toMatchObject({
      path: "field.hosts",
      expected: "a list that is not empty",
    })
    expect(await problem({ place: "z" })).toMatchObject({
      path: "field.place",
      problem: "it is not what is expected",
      expected: "where it is",
    })
    // What is wrong is an element, of which no path is told: the list's own rule would mislead.
    expect(await problem({ hosts: ["a"] })).toMatchObject({
      path: "field.hosts",
      expected: "JSON: an object with user, pass, hosts, place",
    })
  })
})
