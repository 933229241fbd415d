import { describe, expect, test } from "vitest"
import { SecretError } from "../../../src/core/index.ts"
import { checkPlan } from "../../../src/rotation/check-plan.ts"
import type { GeneratedPlan } from "../../../src/rotation/plan.ts"
import type { VaultApi, VaultApiAnswer, VaultApiRequest } from "../../../src/rotation/plans/vault/index.ts"
import {
  type VaultAppRoleSecretIdOptions,
  vaultAppRoleSecretId,
} from "../../../src/rotation/plans/vault-approle-secret-id.ts"
import { errorOf } from "../../providers/calls.ts"
import { type Played, playedServer, refusal, type Seen } from "../../providers/vault/server.ts"
import { type Canary, newCanary } from "../../support/canary.ts"
import { applyContext, stepContext } from "./contexts.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "5s", tokenLifetime: "0s" } as const
const ROLE = "auth/approle/role/web"

type Plan = Required<GeneratedPlan>

/** The plan against a server that answers as it is told; what it is not told of fails the test. */
async function start(
  canary: Canary,
  answers: Readonly<Record<string, (request: Seen) => Played>>,
  more: Partial<VaultAppRoleSecretIdOptions> = {},
) {
  const server = await playedServer(request => {
    const answer = answers[request.path]
    if (answer === undefined) throw new Error(`nobody was to ask for ${request.path}`)
    return answer(request)
  })
  const options = { address: server.url, token: `hvs.${canary.text}`, role: "web", consumers, ...more }
  return { server, plan: canary.watch(vaultAppRoleSecretId(options as VaultAppRoleSecretIdOptions) as Plan) }
}

const known = (): Played => ({
  json: { data: { secret_id_accessor: "a-1", secret_id_num_uses: 0 } },
})
const unknown = (): Played => ({ status: 204 })
const lost = (request: Seen): Played => {
  request.socket.destroy()
  return "never"
}

describe("what the server answers to the first question", () => {
  test.for([
    ["a refusal by policy", refusal(403, "1 error occurred:\n\t* permission denied\n\n"), "DENIED", false],
    [
      "a dead token",
      refusal(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"),
      "UNAUTHENTICATED",
      false,
    ],
    [
      "too many requests",
      { status: 429, json: { errors: ["slow down"] }, headers: { "retry-after": "3" } },
      "THROTTLED",
      true,
    ],
    ["that it is sealed", refusal(503, "Vault is sealed"), "UNAVAILABLE", true],
    ["an error of its own", refusal(500, "internal error"), "UNAVAILABLE", true],
    ["a bad request", refusal(400, "what?"), "UNAVAILABLE", false],
    [
      "an engine of another kind",
      refusal(405, "1 error occurred:\n\t* unsupported operation\n\n"),
      "MISCONFIGURED",
      false,
    ],
    [
      "a role that is not there",
      refusal(500, '1 error occurred:\n\t* role "web" does not exist\n\n'),
      "MISCONFIGURED",
      false,
    ],
    ["a standby that does not know yet", refusal(412), "UNAVAILABLE", true],
    ["a redirect", { status: 307, headers: { location: "http://127.0.0.1:1/" } }, "UNAVAILABLE", true],
    ["a page of a proxy", { text: "<html>hello</html>" }, "UNAVAILABLE", true],
    ["a page of a proxy that forbids", { status: 403, text: "<html>no</html>" }, "UNAVAILABLE", true],
    ["a page of a proxy that finds nothing", { status: 404, text: "<html>no</html>" }, "UNAVAILABLE", true],
    ["JSON of somebody else", { json: { hello: "you" } }, "UNAVAILABLE", true],
    ["nothing", lost, "UNAVAILABLE", true],
  ] as const)("%s is %s, never a verdict, and shows nothing", async ([, played, code, transient]) => {
    const canary = newCanary()
    const answer = typeof played === "function" ? played : (): Played => played
    const { plan, server } = await start(canary, { [`${ROLE}/secret-id/lookup`]: answer })
    const credential = { value: canary.text }
    for (const call of [
      () => plan.verify(credential, stepContext()),
      () => plan.verifyOld(credential, stepContext()),
      () => plan.identify(canary.text, stepContext()),
    ]) {
      const error = canary.watch(await errorOf(call))
      expect([error.code, error.transient, error.secret]).toEqual([code, transient, "auth/some-key"])
      if (code === "THROTTLED") expect(error.retryAfterMs).toBe(3_000)
    }
    // Nothing is asked twice, and a redirect is not followed.
    expect(server.asked).toHaveLength(3)
  })
})

test("a registration whose answer is lost is looked for, and is not made again where it is found", async () => {
  const canary = newCanary()
  let registered = false
  const { plan, server } = await start(canary, {
    [`${ROLE}/secret-id/lookup`]: () => (registered ? known() : unknown()),
    [`${ROLE}/custom-secret-id`]: request => {
      registered = true
      return lost(request)
    },
  })
  await plan.apply({ value: canary.text }, applyContext())
  await plan.apply({ value: canary.text }, applyContext())
  expect(server.asked.filter(asked => asked.endsWith("/custom-secret-id"))).toHaveLength(1)
})

test("a registration that did not happen fails with its own error, also where the second look fails too", async () => {
  const canary = newCanary()
  for (const second of [unknown, lost]) {
    let looked = 0
    const { plan } = await start(canary, {
      [`${ROLE}/secret-id/lookup`]: request => (++looked === 1 ? unknown() : second(request)),
      [`${ROLE}/custom-secret-id`]: () => refusal(429),
    })
    const error = canary.watch(await errorOf(plan.apply({ value: canary.text }, applyContext())))
    expect(error.code).toBe("THROTTLED")
  }
})

test("a login goes without the token of whoever rotates, and its own goes back with nothing else", async () => {
  const canary = newCanary()
  const { plan, server } = await start(
    canary,
    {
      [`${ROLE}/secret-id/lookup`]: known,
      [`${ROLE}/role-id`]: () => ({ json: { data: { role_id: "role-1" } } }),
      "auth/approle/login": () => ({ json: { auth: { client_token: "hvs.login" } } }),
      "auth/token/revoke-self": () => ({ status: 204 }),
    },
    { namespace: "team" },
  )
  expect(await plan.verify({ value: canary.text }, stepContext())).toBe("works")
  const own = `hvs.${canary.text}`
  expect(server.seen.map(({ path, token, namespace }) => [path, token, namespace])).toEqual([
    [`${ROLE}/secret-id/lookup`, own, "team"],
    [`${ROLE}/role-id`, own, "team"],
    ["auth/approle/login", undefined, "team"],
    ["auth/token/revoke-self", "hvs.login", "team"],
  ])
  expect(server.seen[2]?.body).toEqual({ role_id: "role-1", secret_id: canary.text })
})

test("a call that is aborted ends at once, and a token that came too late is not waited for", async () => {
  const canary = newCanary()
  const { plan } = await start(canary, { [`${ROLE}/secret-id/lookup`]: () => "never" })
  const controller = new AbortController()
  const context = stepContext({ signal: controller.signal })
  const call = plan.verify({ value: canary.text }, context)
  controller.abort()
  expect((await errorOf(call)).code).toBe("ABORTED")
  expect((await errorOf(plan.identify(canary.text, context))).code).toBe("ABORTED")
})

describe("a client of one's own", () => {
  const answering = (answer: (request: VaultApiRequest) => VaultApiAnswer): VaultApi => ({
    request: request => Promise.resolve(answer(request)),
  })

  test("is asked in the words of the API, at the mount that was named", async () => {
    const asked: VaultApiRequest[] = []
    const client = answering(request => {
      asked.push(request)
      return { status: 204, body: undefined }
    })
    const plan = vaultAppRoleSecretId({ client, role: "web", mount: "team/approle", consumers }) as Plan
    expect(await plan.verify({ value: "v" }, stepContext())).toBe("refused")
    expect(asked).toMatchObject([
      {
        method: "POST",
        path: "auth/team/approle/role/web/secret-id/lookup",
        body: { secret_id: "v" },
        token: "own",
      },
    ])
  })

  test("throws what it likes: nothing of it is kept but a code", async () => {
    const canary = newCanary()
    for (const [thrown, hint] of [
      [Object.assign(new Error(canary.text), { code: "ECONNREFUSED" }), "address"],
      [Object.assign(new TypeError(canary.text), { cause: { code: "ENOTFOUND" } }), "host"],
      [Object.assign(new Error(canary.text), { code: "SELF_SIGNED_CERT_IN_CHAIN" }), "authority"],
      [
        Object.assign(new Error(canary.text), { code: canary.text, config: { token: canary.text } }),
        "address",
      ],
      [canary.text, "address"],
      [undefined, "address"],
      [
        new Proxy(
          {},
          {
            get: () => {
              throw new Error(canary.text)
            },
          },
        ),
        "address",
      ],
    ] as const) {
      const client: VaultApi = { request: () => Promise.reject(thrown) }
      const plan = vaultAppRoleSecretId({ client, role: "web", consumers }) as Plan
      const error = canary.watch(await errorOf(plan.verify({ value: canary.text }, stepContext())))
      expect([error.code, error.hint]).toEqual(["UNAVAILABLE", expect.stringContaining(hint)])
    }
  })
})

describe("a token", () => {
  test("is asked for anew each time, and loses the white space around it", async () => {
    const canary = newCanary()
    let turn = 0
    const { plan, server } = await start(
      canary,
      { [`${ROLE}/secret-id/lookup`]: unknown },
      { token: () => Promise.resolve(` hvs.${++turn}\n`) },
    )
    for (let time = 0; time < 2; time++) await plan.identify("v", stepContext())
    expect(server.seen.map(({ token }) => token)).toEqual(["hvs.1", "hvs.2"])
  })

  test("that is none is MISCONFIGURED, and is not shown", async () => {
    const canary = newCanary()
    for (const token of ["", " ", `${canary.text}\n${canary.text}`, `${canary.text} ключ`]) {
      const { plan, server } = await start(canary, {}, { token })
      const error = canary.watch(await errorOf(plan.identify("v", stepContext())))
      expect([error.code, server.asked]).toEqual(["MISCONFIGURED", []])
    }
  })

  test("whose function fails, or gives none, is told without what it threw or gave", async () => {
    const canary = newCanary()
    for (const [token, code] of [
      [
        () => {
          throw new Error(canary.text)
        },
        "UNAUTHENTICATED",
      ],
      [() => Promise.reject(new SecretError("NOT_FOUND")), "NOT_FOUND"],
      [() => ({ token: canary.text }), "MISCONFIGURED"],
      [() => undefined, "MISCONFIGURED"],
    ] as const) {
      const { plan, server } = await start(canary, {}, { token: token as never })
      const error = canary.watch(await errorOf(plan.identify("v", stepContext())))
      expect([error.code, error.secret, server.asked]).toEqual([code, "auth/some-key", []])
    }
  })
})

describe("options", () => {
  const good = { address: "https://vault:8200", token: "t", role: "web", consumers }

  test("that are good make a plan that passes every check", () => {
    expect(() => checkPlan("auth/key", vaultAppRoleSecretId(good), { lease: 600_000 })).not.toThrow()
  })

  test.for([
    ["one that does not exist", { rol: "web" }],
    ["no role", { role: "" }],
    ["a role of two segments", { role: "a/b" }],
    ["a role that leads elsewhere", { role: ".." }],
    ["a mount that leads elsewhere", { mount: "a/../b" }],
    ["a mount with a query", { mount: "a?b" }],
    ["an address of no server", { address: "vault:8200" }],
    ["an address with a credential", { address: "https://user:CANARY@vault:8200" }],
    ["an address with a query", { address: "https://vault:8200?token=CANARY" }],
    ["no token", { token: undefined }],
    ["a namespace of two lines", { namespace: "a\nb" }],
    ["a fetch that is none", { fetch: "fetch" }],
    ["a client beside an address", { client: { request: () => undefined } }],
    ["a lifetime of half a second", { secretIdTtl: "500ms" }],
    ["a lifetime that is no duration", { secretIdTtl: "soon" }],
  ] as const)("%s is MISCONFIGURED, without quoting it", async ([, more]) => {
    const canary = newCanary()
    const text = JSON.stringify(more, (_, value) => (typeof value === "function" ? "f" : value))
    const given = "client" in more ? more : JSON.parse(text.replace("CANARY", canary.text))
    const options = { ...good, ...("token" in more ? { token: undefined } : {}), ...given }
    const error = canary.watch(await errorOf(() => vaultAppRoleSecretId(options)))
    expect(error.code).toBe("MISCONFIGURED")
  })

  test("a client without a request is MISCONFIGURED", async () => {
    const options = { client: {}, role: "web", consumers } as never
    expect((await errorOf(() => vaultAppRoleSecretId(options))).code).toBe("MISCONFIGURED")
  })
})
