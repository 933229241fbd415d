import { type SecretErrorCode, Secrets } from "latchkey"
import { azure } from "latchkey/azure"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { type Part, type Player, playing } from "./player.ts"
import { calm, collected, errorOf } from "./scene.ts"

type Operation = "read" | "write" | "list" | "versions" | "delete" | "ping"

interface Row {
  readonly status: number
  readonly code?: string
  readonly inner?: string
  readonly text?: string
  readonly on: Operation
  readonly is: SecretErrorCode
  readonly transient: boolean
  readonly outcome?: "unknown"
  readonly hint: RegExp
}

const forbidden = (inner: string) => ({ status: 403, code: "Forbidden", inner })
const conflict = (inner?: string) => ({ status: 409, code: "Conflict", ...(inner && { inner }) })

/** What is no word about a secret takes none away. */
const refused = { is: "UNAVAILABLE", transient: false, hint: /in the place of the vault/ } as const

/** Every row of the table of errors that begins with an answer. */
const ROWS: readonly Row[] = [
  {
    ...forbidden("SecretDisabled"),
    on: "read",
    is: "DISABLED",
    transient: false,
    hint: /set-attributes --enabled/,
  },
  {
    ...forbidden("ForbiddenByRbac"),
    on: "read",
    is: "DENIED",
    transient: false,
    hint: /"get".*Secrets User/,
  },
  { ...forbidden("AccessDenied"), on: "list", is: "DENIED", transient: false, hint: /"list".*Secrets User/ },
  { ...forbidden("AccessDenied"), on: "versions", is: "DENIED", transient: false, hint: /"get" and "list"/ },
  {
    ...forbidden("ForbiddenByRbac"),
    on: "write",
    is: "DENIED",
    transient: false,
    hint: /"set".*Secrets Officer/,
  },
  {
    ...forbidden("ForbiddenByRbac"),
    on: "delete",
    is: "DENIED",
    transient: false,
    hint: /"delete".*Officer/,
  },
  {
    ...forbidden("ForbiddenByPolicy"),
    on: "read",
    is: "DENIED",
    transient: false,
    hint: /"get".*Secrets User/,
  },
  { status: 403, code: "Forbidden", on: "read", ...refused },
  { ...forbidden("ForbiddenByNsp"), on: "read", ...refused },
  { ...forbidden("VaultDisabled"), on: "ping", ...refused },
  { status: 403, code: "AccessBlockedByProxy", on: "read", ...refused },
  { status: 404, code: "ResourceNotFound", on: "read", ...refused },
  { status: 404, code: "VaultNotFound", on: "list", ...refused },
  {
    status: 404,
    code: "ResourceNotFound",
    on: "delete",
    ...refused,
    outcome: "unknown",
    hint: /may have been/,
  },
  {
    ...forbidden("ForbiddenByFirewall"),
    on: "read",
    is: "UNAVAILABLE",
    transient: false,
    hint: /networking/,
  },
  {
    ...forbidden("ForbiddenByFirewall"),
    on: "list",
    is: "UNAVAILABLE",
    transient: false,
    hint: /networking/,
  },
  {
    ...forbidden("ForbiddenByFirewall"),
    on: "ping",
    is: "UNAVAILABLE",
    transient: false,
    hint: /networking/,
  },
  {
    ...forbidden("ForbiddenByConnection"),
    on: "write",
    is: "UNAVAILABLE",
    transient: false,
    hint: /private endpoint/,
  },
  {
    status: 404,
    code: "SecretNotFound",
    on: "read",
    is: "NOT_FOUND",
    transient: false,
    hint: /secret recover/,
  },
  {
    status: 404,
    code: "SecretNotFound",
    on: "delete",
    is: "NOT_FOUND",
    transient: false,
    hint: /secret recover/,
  },
  {
    ...conflict("ObjectIsDeletedButRecoverable"),
    on: "write",
    is: "CONFLICT",
    transient: false,
    hint: /recover, or purge/,
  },
  {
    ...conflict("ObjectIsBeingDeleted"),
    on: "write",
    is: "CONFLICT",
    transient: false,
    hint: /wait some seconds/,
  },
  {
    ...conflict("ObjectIsBeingRecovered"),
    on: "write",
    is: "CONFLICT",
    transient: true,
    hint: /some seconds/,
  },
  { ...conflict(), on: "write", is: "CONFLICT", transient: true, hint: /try again/ },
  {
    status: 401,
    code: "Unauthorized",
    text: "AKV10032: ",
    on: "read",
    is: "UNAUTHENTICATED",
    transient: false,
    hint: /AZURE_TENANT_ID/,
  },
  {
    status: 401,
    code: "Unauthorized",
    on: "read",
    is: "UNAUTHENTICATED",
    transient: false,
    hint: /log in anew/,
  },
  { status: 400, code: "BadParameter", on: "write", is: "INVALID_VALUE", transient: false, hint: /25,600/ },
  {
    status: 400,
    code: "BadParameter",
    on: "read",
    is: "MISCONFIGURED",
    transient: false,
    hint: /serviceVersion/,
  },
  {
    status: 413,
    code: "RequestBodyTooLarge",
    on: "write",
    is: "INVALID_VALUE",
    transient: false,
    hint: /25,600/,
  },
  { status: 429, code: "Throttled", on: "read", is: "THROTTLED", transient: true, hint: /ttl/ },
  { status: 429, on: "write", is: "THROTTLED", transient: true, hint: /ttl/ },
  {
    status: 500,
    code: "InternalServerError",
    on: "read",
    is: "UNAVAILABLE",
    transient: true,
    hint: /can be reached/,
  },
  {
    status: 503,
    on: "write",
    is: "UNAVAILABLE",
    transient: true,
    outcome: "unknown",
    hint: /may have been done/,
  },
  { status: 502, on: "list", is: "UNAVAILABLE", transient: true, hint: /can be reached/ },
  { status: 418, code: "Teapot", on: "read", is: "UNAVAILABLE", transient: false, hint: /can be reached/ },
]

const ID = "https://my-vault.vault.azure.net/secrets/tally--api-token/0123456789abcdef0123456789abcdef"

/** A body that is sent as it stands. */
const RAW = (text: string) => new TextEncoder().encode(text)

function storeOf({ url, ca }: Player, token: string) {
  const store = azure({
    vaultUrl: url,
    ca,
    credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    disableChallengeResourceVerification: true,
  })
  onTestFinished(async () => await store.close())
  return store
}

const storeBefore = async (answer: () => Part) => storeOf(await playing(answer), "token")

async function asked(answer: Part, on: Operation, secret: string, version?: string) {
  const store = storeOf(await playing(() => answer), secret)
  const calls: Record<Operation, () => Promise<unknown>> = {
    read: () => store.read("tally/api-token", version === undefined ? calm : { ...calm, version }),
    write: () => store.write("tally/api-token", secret, calm),
    list: () => collected(store.list(calm)),
    versions: () => collected(store.versions("tally/api-token", calm)),
    delete: () => store.delete("tally/api-token", calm),
    ping: () => store.ping(calm),
  }
  return { store, error: await errorOf(calls[on]()) }
}

describe("an answer that is an error", () => {
  const titled = ROWS.map(
    row => [[row.status, row.code, row.inner ?? row.text].filter(Boolean).join(" "), row] as const,
  )
  test.for(titled.map(([title, row]) => ({ title, row })))("is $row.is: $title, to a $row.on", async ({
    row,
  }) => {
    const canary = newCanary()
    const { status, code, inner, text = "", on } = row
    const innererror = inner && { innererror: { code: inner, message: canary.text } }
    const body = code && { error: { code, message: `${text}${canary.text}`, ...innererror } }
    const headers = { "x-echo": canary.text, "x-ms-request-id": canary.text }
    const answer = { status, headers, body: body ?? `<html>${canary.text}</html>` }
    const { store, error } = await asked(answer, on, canary.text)
    canary.watch(error, store)
    expect([error.code, error.transient, error.outcome, error.requestId]).toEqual([
      row.is,
      row.transient,
      row.outcome,
      undefined,
    ])
    expect(error.hint).toMatch(row.hint)
    expect(error.store).toBe(store.location)
  })
})

describe("an answer that is not in the form of Key Vault", () => {
  const named = JSON.stringify({ code: "NotFound", message: "no route" })
  test.for(
    [400, 401, 403, 404].flatMap(status =>
      [
        "<html>blocked</html>",
        "",
        '{"error":{"code":"SecretNotF',
        named,
        '{"error":"SecretNotFound"}',
        "null",
        '["Forbidden"]',
      ].flatMap(body =>
        ["application/json", "text/html", "application/problem+json"].map(type => ({ status, type, body })),
      ),
    ),
  )("is UNAVAILABLE, and neither of a secret nor of a version: $status $type $body", async ({
    status,
    type,
    body,
  }) => {
    const answer = { status, headers: { "content-type": type }, body: RAW(body) }
    for (const version of [undefined, "0123456789abcdef0123456789abcdef"]) {
      const { error } = await asked(answer, "read", "token", version)
      expect([error.code, error.transient, error.hint]).toEqual([
        "UNAVAILABLE",
        true,
        expect.stringContaining("proxy"),
      ])
    }
  })

  test("takes no secret away, however often it comes", async () => {
    const page = { status: 404, headers: { "content-type": "application/json" }, body: RAW("<html>") }
    let answer: Part = { status: 200, body: { id: ID, value: "held", attributes: { enabled: true } } }
    const secrets = new Secrets(await storeBefore(() => answer), { ttl: "1h" })
    onTestFinished(async () => await secrets.close())
    const handle = await secrets.get("tally/api-token")
    answer = page
    for (let round = 0; round < 3; round++)
      await expect(secrets.refresh("tally/api-token")).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(handle.reveal()).toBe("held")
  })
})

test("a version that is none is not asked for", async () => {
  const player = await playing(() => ({
    status: 400,
    body: { error: { code: "BadParameter", message: "" } },
  }))
  const store = storeOf(player, "token")
  for (const version of ["", "no-such-version", "0".repeat(31), `${"0".repeat(32)}/`])
    expect((await errorOf(store.read("name", { ...calm, version }))).code).toBe("NOT_FOUND")
  expect(player.requests).toEqual([])
  // A version that may be one, and is not understood all the same, says something about what answers.
  const error = await errorOf(store.read("name", { ...calm, version: "0".repeat(32) }))
  expect(error.code).toBe("MISCONFIGURED")
})

test.for([
  500, 503, 429, 403, 404,
])("an answer of %i without any body is not taken for a fault of ours", async status => {
  const { error } = await asked({ status }, "read", "token")
  expect([error.code, error.message.includes("does not name")]).toEqual([
    status === 429 ? "THROTTLED" : "UNAVAILABLE",
    false,
  ])
})

test("how long the vault asks to wait, and the id of the request, are passed on", async () => {
  const id = "a1b2c3d4-0000-4000-8000-00000000beef"
  const { error } = await asked(
    { status: 429, headers: { "retry-after": "7", "x-ms-request-id": id } },
    "read",
    "t",
  )
  expect([error.code, error.retryAfterMs, error.requestId]).toEqual(["THROTTLED", 7_000, id])
})

describe("an answer with status 200 that is none of Key Vault", () => {
  const canary = "CANARY"
  const NONE: readonly (readonly [string, unknown])[] = [
    ["a page", `<html>${canary}</html>`],
    ["a page that is said to be JSON", RAW(`<html>${canary}</html>`)],
    ["half an answer", RAW(`{"id":"${ID}","value":"${canary}`)],
    ["nothing", undefined],
    ["an empty object", {}],
    ["a list", [canary]],
    ["null", null],
    ["another secret", { id: ID.replace("api-token", "other"), value: canary }],
  ]
  const NO_SECRET: typeof NONE = [
    ["a secret without a value", { id: ID }],
    ["a value that is no text", { id: ID, value: { secret: canary } }],
    ["a secret without a version", { id: ID.slice(0, -33), value: canary }],
  ]
  const NO_LIST: typeof NONE = [["a list that is none", { value: canary }]]
  const of = (operations: readonly Operation[], bodies: typeof NONE) =>
    operations.flatMap(on => bodies.map(([what, body]) => ({ on, what, body })))
  test.for([
    ...of(["read", "write", "delete", "ping", "list", "versions"], NONE),
    ...of(["read", "write"], NO_SECRET),
    ...of(["list", "versions"], NO_LIST),
  ])("is UNAVAILABLE to a $on: $what", async ({ on, body }) => {
    const planted = newCanary()
    const { text } = planted
    const filled =
      body instanceof Uint8Array
        ? RAW(new TextDecoder().decode(body).replace(canary, text))
        : body && JSON.parse(JSON.stringify(body).replace(canary, text))
    const { store, error } = await asked({ status: 200, body: filled }, on, text)
    planted.watch(error, store)
    const isChange = on === "write" || on === "delete"
    expect([error.code, error.transient, error.outcome]).toEqual([
      "UNAVAILABLE",
      true,
      isChange ? "unknown" : undefined,
    ])
    expect(error.hint).toContain(isChange ? "read the secret" : "proxy")
  })
})

test("an error of a client that was injected tells no more than one of our own", async () => {
  const canary = newCanary()
  const details = {
    error: { code: "Forbidden", message: canary.text, innerError: { code: "SecretDisabled" } },
  }
  const thrown = Object.assign(new Error(canary.text), {
    name: "RestError",
    code: "Forbidden",
    statusCode: 403,
    details,
    request: { headers: { authorization: canary.text } },
  })
  const failing = async (): Promise<never> => {
    throw thrown
  }
  const store = azure({
    client: {
      vaultUrl: "https://my-vault.vault.azure.net",
      getSecret: failing,
      setSecret: failing,
      beginDeleteSecret: failing,
      updateSecretProperties: failing,
      getDeletedSecret: failing,
      purgeDeletedSecret: failing,
      listPropertiesOfSecrets: () => ({ [Symbol.asyncIterator]: () => ({ next: failing }) }),
      listPropertiesOfSecretVersions: () => ({ [Symbol.asyncIterator]: () => ({ next: failing }) }),
    },
  })
  const errors = await Promise.all([
    errorOf(store.read("tally/api-token", calm)),
    errorOf(store.write("tally/api-token", "value", calm)),
    errorOf(collected(store.list(calm))),
  ])
  for (const error of errors) expect(canary.watch(error, store).code).toBe("DISABLED")
})
