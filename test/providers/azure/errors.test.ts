import type { SecretErrorCode } from "latchkey"
import { azure } from "latchkey/azure"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { type Part, playing } from "./player.ts"
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
  { status: 403, code: "Forbidden", on: "read", is: "DENIED", transient: false, hint: /"get"/ },
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
  { status: 404, on: "read", is: "UNAVAILABLE", transient: true, hint: /proxy/ },
  { status: 403, on: "read", is: "UNAVAILABLE", transient: true, hint: /proxy/ },
]

async function asked(answer: Part, on: Operation, secret: string) {
  const player = await playing(() => answer)
  const store = azure({
    vaultUrl: player.url,
    ca: player.ca,
    credential: { getToken: async () => ({ token: secret, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    disableChallengeResourceVerification: true,
  })
  onTestFinished(async () => await store.close())
  const calls: Record<Operation, () => Promise<unknown>> = {
    read: () => store.read("tally/api-token", calm),
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

describe("an answer with status 200 that is no secret", () => {
  const id = "https://my-vault.vault.azure.net/secrets/tally--api-token/0123456789abcdef0123456789abcdef"
  const canary = "CANARY"
  test.for([
    ["a page", `<html>${canary}</html>`],
    ["nothing", undefined],
    ["an empty object", {}],
    ["a list", [canary]],
    ["null", null],
    ["a secret without a value", { id }],
    ["a value that is no text", { id, value: { secret: canary } }],
    ["a secret without a version", { id: id.slice(0, -33), value: canary }],
    ["another secret", { id: id.replace("api-token", "other"), value: canary }],
  ] as const)("is UNAVAILABLE and never a value: %s", async ([, body]) => {
    const planted = newCanary()
    const filled: unknown =
      body === undefined ? undefined : JSON.parse(JSON.stringify(body).replace(canary, planted.text))
    const { store, error } = await asked({ status: 200, body: filled }, "read", planted.text)
    planted.watch(error, store)
    expect([error.code, error.transient]).toEqual(["UNAVAILABLE", true])
    expect(error.hint).toContain("proxy")
  })

  test("is UNAVAILABLE for a list and for versions, too", async () => {
    const planted = newCanary()
    for (const on of ["list", "versions"] as const) {
      const { error } = await asked({ status: 200, body: { value: planted.text } }, on, "token")
      expect(planted.watch(error).code).toBe("UNAVAILABLE")
    }
  })

  test("leaves the outcome of a write open", async () => {
    const planted = newCanary()
    const { error } = await asked({ status: 200, body: `<p>${planted.text}` }, "write", planted.text)
    expect([planted.watch(error).code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
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
