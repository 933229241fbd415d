import { vault, vaultLeases } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { calm, errorOf, names } from "../calls.ts"
import { kv2Answer, type Played, playedServer, refusal, withMount } from "./server.ts"

const token = { method: "token", token: "a-token" } as const

const NOT_PERMITTED = refusal(403, "1 error occurred:\n\t* permission denied\n\n")

/** What the server says in its errors where nothing of it counts. */
const WORDS = "1 error occurred"

const READS: readonly [
  what: string,
  played: Played,
  code: string,
  transient: boolean,
  hint: RegExp | undefined,
][] = [
  ["a request that it does not accept", refusal(400, WORDS), "UNAVAILABLE", false, /log/],
  [
    "a login page in front of it",
    { status: 401, json: { errors: [] } },
    "UNAUTHENTICATED",
    false,
    /in front/,
  ],
  ["a secret that is not there", refusal(404), "NOT_FOUND", false, /kv put -mount=secret tally\/api-token /],
  [
    "a mount that is not there",
    refusal(404, 'no handler for route "x/y".'),
    "MISCONFIGURED",
    false,
    /secrets list/,
  ],
  [
    "a namespace that is not there",
    refusal(404, "namespace not found"),
    "MISCONFIGURED",
    false,
    /namespace list/,
  ],
  [
    "an engine of another kind",
    refusal(405, "unsupported operation"),
    "MISCONFIGURED",
    false,
    /secrets list/,
  ],
  [
    "a standby that does not know yet",
    refusal(412, "required index state not present"),
    "UNAVAILABLE",
    true,
    undefined,
  ],
  ["too many requests", refusal(429, "request path rate limit exceeded"), "THROTTLED", true, /quotas/],
  ["a standby of a cluster for disasters", { status: 472 }, "UNAVAILABLE", true, undefined],
  ["a standby for performance", { status: 473 }, "UNAVAILABLE", true, undefined],
  ["an error of its own", refusal(500, "internal error"), "UNAVAILABLE", true, /its log/],
  [
    "a server that was never initialised",
    refusal(501, "server is not yet initialized"),
    "UNAVAILABLE",
    false,
    /operator init/,
  ],
  [
    "a gateway without a server",
    { status: 502, text: "<html>Bad gateway</html>" },
    "UNAVAILABLE",
    true,
    /its log/,
  ],
  ["a seal", refusal(503, "Vault is sealed"), "UNAVAILABLE", true, /unseal/],
  ["an overload", { status: 503, text: "" }, "UNAVAILABLE", true, /its log/],
  ["a gateway that waited in vain", { status: 504, text: "" }, "UNAVAILABLE", true, /its log/],
  [
    "an engine in the making",
    refusal(400, "Upgrading from non-versioned to versioned data."),
    "UNAVAILABLE",
    true,
    /seconds/,
  ],
  [
    "a request by HTTP to a port for TLS",
    { status: 400, text: "Client sent an HTTP request to an HTTPS server." },
    "UNAVAILABLE",
    false,
    /tls=true/,
  ],
  ["a page of a proxy", { text: "<html>hello</html>" }, "UNAVAILABLE", true, /proxy/],
  ["a page of a proxy that forbids", { status: 403, text: "<html>no</html>" }, "UNAVAILABLE", true, /proxy/],
  [
    "a page of a proxy that finds nothing",
    { status: 404, text: "404 page not found" },
    "UNAVAILABLE",
    true,
    /proxy/,
  ],
  ["JSON that is broken", { text: '{"data":{"data":{"value":' }, "UNAVAILABLE", true, /proxy/],
  ["JSON of somebody else", { json: ["hello"] }, "UNAVAILABLE", true, /proxy/],
  ["an engine of version 1", { json: { data: { data: { value: "x" } } } }, "MISCONFIGURED", false, /kv: 1/],
  ["a version without fields", kv2Answer("text"), "UNAVAILABLE", true, /proxy/],
  [
    "a redirect",
    { status: 307, headers: { location: "http://127.0.0.1:1/v1/secret" } },
    "UNAVAILABLE",
    true,
    /active server/,
  ],
  ["no status of Vault's", { status: 418, json: { errors: [] } }, "UNAVAILABLE", true, /lacks an entry/],
]

describe("a read that is answered with", () => {
  test.for(READS)("%s is what it means", async ([, played, code, transient, hint]) => {
    const canary = newCanary()
    const server = await playedServer(withMount(() => withCanary(played, canary.text)))
    const store = canary.watch(vault({ kv: 2, address: server.url, auth: { ...token, token: canary.text } }))
    const error = canary.watch(await errorOf(store.read("tally/api-token", calm)))
    expect([error.code, error.secret, error.outcome]).toEqual([code, "tally/api-token", undefined])
    expect(error.transient).toBe(transient)
    if (hint !== undefined) expect(error.hint).toMatch(hint)
    expect(server.asked[0]).toBe("GET secret/data/tally/api-token")
    expect(server.asked).toHaveLength(code === "NOT_FOUND" ? 2 : 1)
    await store.close()
  })
})

const WRITES: readonly [what: string, played: Played, code: string, outcome: "unknown" | undefined][] = [
  [
    "a check-and-set that does not hold",
    refusal(400, "check-and-set parameter did not match the current version"),
    "CONFLICT",
    undefined,
  ],
  [
    "a check-and-set that is missing",
    refusal(400, "check-and-set parameter required for this call"),
    "CONFLICT",
    undefined,
  ],
  [
    "a value that is too long for it",
    refusal(500, "JSON string value exceeds allowed length"),
    "INVALID_VALUE",
    undefined,
  ],
  [
    "a value that is too large for its storage",
    refusal(500, "put failed due to value being too large"),
    "INVALID_VALUE",
    undefined,
  ],
  ["a request that is too large", refusal(413, "error parsing JSON"), "INVALID_VALUE", undefined],
  ["a request that it does not accept", refusal(400, WORDS), "UNAVAILABLE", undefined],
  ["too many requests", refusal(429), "THROTTLED", undefined],
  ["a seal", refusal(503, "Vault is sealed"), "UNAVAILABLE", undefined],
  ["a standby that does not know yet", refusal(412), "UNAVAILABLE", undefined],
  ["a redirect", { status: 307, headers: { location: "http://127.0.0.1:1/" } }, "UNAVAILABLE", undefined],
  ["an error of its own", refusal(500, "internal error"), "UNAVAILABLE", "unknown"],
  ["a gateway that waited in vain", { status: 504 }, "UNAVAILABLE", "unknown"],
  ["a page of a proxy", { text: "<html>hello</html>" }, "UNAVAILABLE", "unknown"],
]

describe("a write that is answered with", () => {
  test.for(WRITES)("%s is what it means, and says whether it may have been made", async ([
    ,
    played,
    code,
    outcome,
  ]) => {
    const canary = newCanary()
    const server = await playedServer(withMount(() => withCanary(played, canary.text)))
    const store = canary.watch(vault({ kv: 2, address: server.url, auth: token }))
    const error = canary.watch(await errorOf(store.write("tally/api-token", canary.text, calm)))
    expect([error.code, error.outcome]).toEqual([code, outcome])
    expect(server.asked).toEqual(["GET sys/internal/ui/mounts/secret", "POST secret/data/tally/api-token"])
    await store.close()
  })
})

describe("what is refused by a policy", () => {
  const rule = (path: string, capabilities: string) =>
    expect.stringContaining(`path "${path}" { capabilities = [${capabilities}] }`)

  test("is DENIED with the rule that it needs, by operation and version", async () => {
    const server = await playedServer(withMount(() => NOT_PERMITTED))
    const two = vault({ kv: 2, address: server.url, auth: token, prefix: "app" })
    const one = vault({ kv: 1, address: server.url, auth: token })
    const leased = vaultLeases({ address: server.url, mount: "database", auth: token })
    for (const [call, hint] of [
      [() => two.read("a-b", calm), rule("secret/data/app/a-b", '"read"')],
      [() => two.read("a-b", { ...calm, version: "3" }), rule("secret/data/app/a-b", '"read"')],
      [() => two.write("a-b", "v", calm), rule("secret/data/app/a-b", '"create", "update"')],
      [() => two.delete("a-b", calm), rule("secret/metadata/app/a-b", '"read", "delete"')],
      [() => names(two.list(calm)), rule("secret/metadata/app/", '"list"')],
      [() => names(two.versions("a-b", calm) as never), rule("secret/metadata/app/a-b", '"read"')],
      [() => one.read("a-b", calm), rule("secret/a-b", '"read"')],
      [() => one.delete("a-b", calm), rule("secret/a-b", '"read", "delete"')],
      [() => leased.read("creds/readonly", calm), rule("database/creds/readonly", '"read"')],
    ] as const) {
      const error = await errorOf(call)
      expect([error.code, error.hint]).toEqual(["DENIED", hint])
    }
    await Promise.all([two.close(), one.close(), leased.close()])
  })
})

test("what is not there is NOT_FOUND with the path that was asked for, and the line that writes it", async () => {
  const server = await playedServer(withMount(() => refusal(404)))
  const two = vault({ kv: 2, address: server.url, mount: "team/data", auth: token })
  const one = vault({ kv: 1, address: server.url, auth: token })
  for (const [call, message, hint] of [
    [
      () => two.read("tally/it's", calm),
      "there is no secret at team/data/data/tally/it's",
      "vault kv put -mount=team/data 'tally/it'\\''s' value=… writes it; vault kv list -mount=team/data tally/ shows what is there",
    ],
    [
      () => two.read("tally", { ...calm, version: "7" }),
      "there is no such version at team/data/data/tally",
      "vault kv metadata get -mount=team/data tally shows its versions",
    ],
    [
      () => one.read("tally", calm),
      "there is no secret at secret/tally",
      "vault kv put -mount=secret tally value=… writes it; vault kv list -mount=secret shows what is there",
    ],
  ] as const) {
    const error = await errorOf(call)
    expect([error.code, error.plainMessage, error.hint]).toEqual(["NOT_FOUND", message, hint])
  }
  await Promise.all([two.close(), one.close()])
})

test("a host that is not there is named, wherever it was written", async () => {
  const missing = Object.assign(new Error("no"), { code: "ENOTFOUND" })
  const transport = { send: () => Promise.reject(missing) }
  const store = vault({ kv: 2, address: "https://vault.invalid", auth: token, transport })
  expect((await errorOf(store.read("tally", calm))).hint).toMatch(/^see vault\.invalid in the URL.*DNS/)
  await store.close()
})

test("a version that the engine cannot have given is a CONFLICT that says to read again", async () => {
  const store = vault({ kv: 2, address: "http://127.0.0.1:1", auth: token })
  const error = await errorOf(store.write("tally", "v", { ...calm, expect: "none" }))
  expect([error.code, error.hint]).toEqual(["CONFLICT", expect.stringContaining("read it again")])
  await store.close()
})

test("a server that asks to wait is believed", async () => {
  const server = await playedServer(() => ({
    status: 429,
    json: { errors: [] },
    headers: { "retry-after": "7" },
  }))
  const store = vault({ kv: 1, address: server.url, auth: token })
  expect((await errorOf(store.read("tally", calm))).retryAfterMs).toBe(7_000)
  await store.close()
})

test("the server's own id of a request is passed on, and nothing that only looks like one", async () => {
  const id = "ccb4d581-4180-71b5-188a-95aee80240ad"
  const server = await playedServer(() => ({
    status: 503,
    json: { errors: ["Vault is sealed"], request_id: id },
  }))
  const store = vault({ kv: 1, address: server.url, auth: token })
  expect((await errorOf(store.read("tally", calm))).requestId).toBe(id)
  server.play(() => ({ status: 503, json: { errors: [], request_id: "a secret in the wrong place" } }))
  expect((await errorOf(store.read("tally", calm))).requestId).toBeUndefined()
  await store.close()
})

test("version 1 told of an engine of version 2 says which one it is", async () => {
  const server = await playedServer(() => ({
    status: 404,
    json: { data: null, warnings: ["Invalid path for a versioned K/V secrets engine."] },
  }))
  const store = vault({ kv: 1, address: server.url, auth: token })
  for (const call of [
    () => store.read("tally", calm),
    () => store.write("tally", "v", calm),
    () => store.ping(calm),
  ]) {
    const error = await errorOf(call)
    expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("kv: 2")])
  }
  await store.close()
})

describe("version 2 said of an engine of version 1", () => {
  test("that cannot be asked for is noticed by its answer to a write, which may have been made", async () => {
    const server = await playedServer(({ method }) => (method === "GET" ? NOT_PERMITTED : { status: 204 }))
    const store = vault({ kv: 2, address: server.url, auth: token })
    const error = await errorOf(store.write("tally", "v", calm))
    expect([error.code, error.outcome]).toEqual(["MISCONFIGURED", "unknown"])
    expect(error.hint).toMatch(/delete it there.*kv: 1/)
    await store.close()
  })
})

describe("what was said of the mount", () => {
  const NOTHING = refusal(404)

  test("is asked for once, when something is first not there or first to be changed", async () => {
    const server = await playedServer(withMount(({ method }) => (method === "GET" ? NOTHING : versionAnswer)))
    const store = vault({ kv: 2, address: server.url, auth: token })
    await Promise.all([errorOf(store.read("one", calm)), errorOf(store.read("two", calm))])
    await store.write("one", "v", calm)
    await store.ping(calm)
    expect(server.asked.filter(path => path.includes("sys/"))).toHaveLength(1)
    await store.close()
  })

  test("is not asked for by a read that finds something", async () => {
    const server = await playedServer(() => kv2Answer({ value: "v" }))
    const store = vault({ kv: 2, address: server.url, auth: token })
    await store.read("tally", calm)
    expect(server.asked).toEqual(["GET secret/data/tally"])
    await store.close()
  })

  test("is believed of a server that does not tell it", async () => {
    for (const played of [NOT_PERMITTED, NOTHING]) {
      const server = await playedServer(({ method }) => (method === "GET" ? played : versionAnswer))
      const store = vault({ kv: 2, address: server.url, auth: token })
      expect((await store.write("tally", "v", calm)).version).toBe("1")
      await store.write("tally", "v", calm)
      expect(server.asked.filter(path => path.includes("sys/"))).toHaveLength(1)
      await store.close()
    }
  })

  test.for([
    ["a failure of the server", refusal(500, "internal error"), "UNAVAILABLE"],
    ["too many requests", refusal(429), "THROTTLED"],
    ["a page of a proxy", { text: "<html>hello</html>" }, "UNAVAILABLE"],
    ["JSON of somebody else", { json: { ok: true } }, "UNAVAILABLE"],
  ] as const)("and is answered with %s fails the write, which was not sent", async ([, played, code]) => {
    const server = await playedServer(() => played)
    const store = vault({ kv: 2, address: server.url, auth: token })
    const error = await errorOf(store.write("tally", "v", calm))
    expect([error.code, error.outcome]).toEqual([code, undefined])
    expect(server.asked).toEqual(["GET sys/internal/ui/mounts/secret"])
    // It is asked for anew.
    server.play(withMount(() => versionAnswer))
    expect((await store.write("tally", "v", calm)).version).toBe("1")
    await store.close()
  })
})

const versionAnswer = {
  json: { data: { version: 1, created_time: "2026-01-02T03:04:05Z", deletion_time: "" } },
}

describe("an answer in JSON that is not Vault's", () => {
  const GATEWAY: readonly [what: string, played: Played][] = [
    ["errors that are no texts", { status: 404, json: { errors: [{ status: "404", title: "Not Found" }] } }],
    ["data of its own", { status: 404, json: { data: { message: "no route" } } }],
    ["a refusal of its own", { status: 403, json: { message: "forbidden" } }],
    ["a success of its own", { json: { ok: true } }],
    ["a page with words of Vault's", { status: 404, text: "<html>role web not found</html>" }],
  ]

  for (const kv of [1, 2] as const) {
    test.for(GATEWAY)(`is UNAVAILABLE to all calls in version ${kv}: %s`, async ([, played]) => {
      const server = await playedServer(withMount(() => played))
      const store = vault({ kv, address: server.url, auth: token })
      for (const call of [
        () => store.read("tally", calm),
        () => store.delete("tally", calm),
        () => store.ping(calm),
        () => names(store.list(calm)),
      ])
        expect((await errorOf(call)).code).toBe("UNAVAILABLE")
      const write = await errorOf(store.write("tally", "v", calm))
      expect([write.code, write.outcome]).toEqual(["UNAVAILABLE", "unknown"])
      await store.close()
    })
  }

  test("is UNAVAILABLE to what follows on a good one", async () => {
    const server = await playedServer(({ method }) =>
      method === "GET" ? { json: { data: { value: "v" } } } : { json: { ok: true } },
    )
    const store = vault({ kv: 1, address: server.url, auth: token })
    const error = await errorOf(store.delete("tally", calm))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
    await store.close()
  })

  test("lists no versions", async () => {
    const server = await playedServer(() => ({ json: { ok: true } }))
    const store = vault({ kv: 2, address: server.url, auth: token })
    expect((await errorOf(store.versions("tally", calm)[Symbol.asyncIterator]().next())).code).toBe(
      "UNAVAILABLE",
    )
    await store.close()
  })
})

test("words mean at another status what the status means: an engine hands on what its database says", async () => {
  const said = 'failed to grant: role "app_rw" not found'
  for (const [status, words, code] of [
    [500, said, "UNAVAILABLE"],
    [500, "invalid token", "UNAVAILABLE"],
    [400, "the box is sealed", "UNAVAILABLE"],
    [500, "no handler for route", "UNAVAILABLE"],
    [400, said, "NOT_FOUND"],
  ] as const) {
    const server = await playedServer(() => refusal(status, words))
    const store = vaultLeases({ address: server.url, mount: "database", auth: token })
    const error = await errorOf(store.read("creds/readonly", calm))
    expect([error.code, error.hint?.includes("unseal") ?? false]).toEqual([code, false])
    await store.close()
  }
})

test("a role that an engine does not have is a secret that is not there", async () => {
  const server = await playedServer(() => refusal(400, "unknown role: readonly"))
  const store = vaultLeases({ address: server.url, mount: "database", auth: token })
  expect((await errorOf(store.read("creds/readonly", calm))).code).toBe("NOT_FOUND")
  await store.close()
})

/** What is played, with a canary wherever the server writes something. */
function withCanary(played: Played, canary: string): Played {
  if (played === "never") return played
  const { json, text } = played
  const fields = typeof json === "object" && json !== null && !Array.isArray(json) ? json : undefined
  return {
    ...played,
    ...(fields && { json: { ...fields, errors: errorsWith(fields, canary), canary } }),
    ...(text && { text: `${text} ${canary}` }),
    headers: { ...played.headers, "x-echo": canary },
  }
}

function errorsWith(fields: object, canary: string): unknown {
  return "errors" in fields && Array.isArray(fields.errors) && fields.errors.length > 0
    ? fields.errors.map(error => `${error} ${canary}`)
    : (fields as { errors?: unknown }).errors
}
