import { describe, expect, it } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { type GcpIdentity, METHODS, type Method, ROLES, startGcp } from "./index.ts"
import type { Request } from "./messages.ts"
import { type Answer, plainClient } from "./plain-client.ts"
import { type Rig, rig } from "./rig.ts"

const PREFIX = "google.cloud.secretmanager.v1.SecretManagerService"
const accessed = ({ name }: Rig, secret = "a"): Request => ({ name: name(secret, "latest") })

/** The first `ErrorInfo` of an answer. */
const infoOf = ({ details }: Answer) => details.find(({ type }) => type === "ErrorInfo")

describe.for([{ tls: false }, { tls: true }])("a token, with %o", ({ tls }) => {
  const reasons: ReadonlyArray<readonly [string, (rig: Rig, token: string) => string | undefined, string]> = [
    ["missing", () => undefined, "CREDENTIALS_MISSING"],
    ["unknown", (_rig, token) => `${token}x`, "ACCESS_TOKEN_TYPE_UNSUPPORTED"],
    [
      "expired",
      ({ server }, token) => {
        server.identities.expire(token)
        return token
      },
      "ACCESS_TOKEN_EXPIRED",
    ],
    [
      "removed",
      ({ server }, token) => {
        server.identities.remove(token)
        return token
      },
      "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    ],
  ]

  it.for(reasons)("that is %s is answered with UNAUTHENTICATED, and not shown", async ([, sent, reason]) => {
    const canary = newCanary()
    const made = await rig({ tls, identities: [{ token: canary.text }] })
    made.server.put("a", "value")
    const token = sent(made, canary.text)
    const answer = canary.watch(
      await made.call("AccessSecretVersion", accessed(made), token ? { token } : {}),
    )
    expect(answer.code).toBe("UNAUTHENTICATED")
    expect(infoOf(answer)).toMatchObject({
      reason,
      domain: "googleapis.com",
      metadata: { service: "secretmanager.googleapis.com", method: `${PREFIX}.AccessSecretVersion` },
    })
  })

  it("that is known lets in, and again once it is named anew after it had expired", async () => {
    const made = await rig({ tls, identities: [{ token: "one", name: "tally" }] })
    made.server.put("a", "value")
    const code = async () => (await made.call("AccessSecretVersion", accessed(made), { token: "one" })).code
    expect(await code()).toBe("OK")
    made.server.identities.expire("one")
    expect(await code()).toBe("UNAUTHENTICATED")
    made.server.identities.add({ token: "one" })
    expect(await code()).toBe("OK")
    expect(made.server.log.requests.map(({ identity }) => identity)).toEqual(["tally", undefined, "unnamed"])
  })
})

describe("permissions", () => {
  /** A request of each method that works when everything is allowed. */
  const REQUESTS: Readonly<Record<Method, (rig: Rig) => Request>> = {
    ListSecrets: ({ project }) => ({ parent: project }),
    CreateSecret: ({ project }) => ({
      parent: project,
      secretId: "b",
      secret: { replication: { automatic: {} } },
    }),
    GetSecret: ({ name }) => ({ name: name("a") }),
    UpdateSecret: ({ name }) => ({ secret: { name: name("a") }, updateMask: { paths: ["labels"] } }),
    DeleteSecret: ({ name }) => ({ name: name("a") }),
    AddSecretVersion: ({ name }) => ({ parent: name("a"), payload: { data: Buffer.from("x") } }),
    GetSecretVersion: ({ name }) => ({ name: name("a", 1) }),
    ListSecretVersions: ({ name }) => ({ parent: name("a") }),
    AccessSecretVersion: ({ name }) => ({ name: name("a", 1) }),
    EnableSecretVersion: ({ name }) => ({ name: name("a", 1) }),
    DisableSecretVersion: ({ name }) => ({ name: name("a", 1) }),
    DestroySecretVersion: ({ name }) => ({ name: name("a", 1) }),
  }
  const methods = Object.keys(METHODS) as Method[]

  const asking = async (method: Method, identity: Omit<GcpIdentity, "token">): Promise<[Answer, Rig]> => {
    const made = await rig({ identities: [{ token: "one", ...identity }] })
    made.server.put("a", "value")
    return [await made.call(method, REQUESTS[method](made), { token: "one" }), made]
  }

  it.for(methods)("%s passes with its own permission alone", async method => {
    const [answer] = await asking(method, { grants: [{ permissions: [METHODS[method]] }] })
    expect(answer.code).toBe("OK")
  })

  it.for(methods)("%s is denied with all permissions but its own", async method => {
    const others = Object.values(METHODS).filter(permission => permission !== METHODS[method])
    const [answer, made] = await asking(method, { grants: [{ permissions: others }] })
    const { name, parent, secret } = REQUESTS[method](made)
    const resource = name ?? parent ?? secret?.name ?? ""
    expect([answer.code, answer.text]).toEqual([
      "PERMISSION_DENIED",
      `Permission '${METHODS[method]}' denied for resource '${resource}' (or it may not exist).`,
    ])
    expect(infoOf(answer)).toMatchObject({
      reason: "IAM_PERMISSION_DENIED",
      metadata: { permission: METHODS[method], resource },
    })
  })

  it("of a role are those that the service publishes", () => {
    const known: readonly string[] = Object.values(METHODS)
    for (const permissions of Object.values(ROLES))
      expect(known).toEqual(expect.arrayContaining([...permissions]))
    expect(ROLES["roles/secretmanager.viewer"]).not.toContain("secretmanager.versions.access")
  })

  it("can hold for some secrets only, by id or by prefix, and then not for the project", async () => {
    const permissions = Object.values(METHODS)
    const made = await rig({
      identities: [{ token: "one", grants: [{ permissions, on: ["a", "tally--*"] }] }],
    })
    for (const id of ["a", "ab", "tally--x"]) made.server.put(id, "value")
    const codes = await Promise.all(
      ["a", "ab", "tally--x"].map(
        async id => (await made.call("AccessSecretVersion", accessed(made, id), { token: "one" })).code,
      ),
    )
    expect(codes).toEqual(["OK", "PERMISSION_DENIED", "OK"])
    made.server.identities.add({ token: "one", grants: [{ permissions, on: ["*"] }] })
    const list = await made.call("ListSecrets", { parent: made.project }, { token: "one" })
    expect(list.code).toBe("PERMISSION_DENIED")
  })

  it("are asked for before it is looked whether a secret exists", async () => {
    const made = await rig({ identities: [{ token: "one", grants: [] }] })
    const answer = await made.call("AccessSecretVersion", accessed(made, "missing"), { token: "one" })
    expect(answer.code).toBe("PERMISSION_DENIED")
  })

  it("can be taken from everybody, one by one or all, and given back", async () => {
    const made = await rig()
    made.server.put("a", "value")
    const codes = async () => [
      (await made.call("AccessSecretVersion", accessed(made))).code,
      (await made.call("GetSecret", { name: made.name("a") })).code,
    ]
    made.server.deny("a", "secretmanager.versions.access")
    expect(await codes()).toEqual(["PERMISSION_DENIED", "OK"])
    made.server.deny("a")
    expect(await codes()).toEqual(["PERMISSION_DENIED", "PERMISSION_DENIED"])
    made.server.allow("a")
    expect(await codes()).toEqual(["OK", "OK"])
  })
})

describe("a project", () => {
  it("that nobody knows is denied, and called invalid in the details", async () => {
    const { call } = await rig()
    const answer = await call("AccessSecretVersion", { name: "projects/elsewhere/secrets/a/versions/1" })
    expect([answer.code, answer.text]).toEqual([
      "PERMISSION_DENIED",
      "Permission denied on resource project elsewhere.",
    ])
    expect(infoOf(answer)).toMatchObject({
      reason: "CONSUMER_INVALID",
      metadata: { consumer: "projects/elsewhere" },
    })
  })

  it("that has the service switched off is denied, and told how to switch it on", async () => {
    const made = await rig()
    made.server.put("a", "value")
    made.server.serviceDisabled = true
    const answer = await made.call("AccessSecretVersion", accessed(made))
    expect(answer.code).toBe("PERMISSION_DENIED")
    expect(answer.text).toMatch(/^Secret Manager API has not been used in project 104052063718 before/)
    expect(infoOf(answer)).toMatchObject({
      reason: "SERVICE_DISABLED",
      metadata: { consumer: "projects/104052063718" },
    })
    expect(answer.details).toContainEqual(expect.objectContaining({ type: "Help" }))
    made.server.serviceDisabled = false
    expect((await made.call("AccessSecretVersion", accessed(made))).code).toBe("OK")
  })
})

it("is not trusted by a client that has the certificate of another", async () => {
  const [one, other] = [await startGcp({ tls: true }), await startGcp({ tls: true })]
  const client = plainClient({ address: one.address, ca: other.ca })
  const answer = await client.call("ListSecrets", { parent: "projects/latchkey-test" })
  expect(answer.code).toBe("UNAVAILABLE")
  expect(one.log.requests).toEqual([])
  client.close()
  await Promise.all([one.close(), other.close()])
})
