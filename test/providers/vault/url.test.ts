import { fromUrl, openVault, vault } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf } from "../calls.ts"
import { kv2Answer, playedServer, refusal } from "./server.ts"

const HOME = { HOME: "/home/anna" }

function read(url: string, env: Readonly<Record<string, string>> = HOME) {
  return fromUrl(new URL(url), env)
}

describe("a URL", () => {
  test.for([
    ["vault://vault.example.com:8200/secret", "https://vault.example.com:8200", "secret"],
    ["vault://vault.example.com", "https://vault.example.com:8200", undefined],
    ["vault://Vault.Example.com/team/kv", "https://vault.example.com:8200", "team/kv"],
    ["vault://vault.example.com:443/", "https://vault.example.com:443", undefined],
    ["vault://vault.example.com:80/?tls=false", "http://vault.example.com:80", undefined],
    ["vault://127.0.0.1:8200/my%20kv", "http://127.0.0.1:8200", "my kv"],
    ["vault://localhost/kv/", "http://localhost:8200", "kv"],
    ["vault://[::1]:8300/kv?tls=true", "https://[::1]:8300", "kv"],
  ] as const)("%s names a server and a mount", ([url, address, mount]) => {
    expect(read(url)).toMatchObject({ address, ...(mount && { mount }) })
    expect("mount" in read(url)).toBe(mount !== undefined)
  })

  test("without a host means the server of the environment, and OpenBao's variable before Vault's", () => {
    const env = { ...HOME, VAULT_ADDR: "http://vault.internal", BAO_ADDR: "" }
    expect(read("vault:///kv", env)).toMatchObject({ address: "http://vault.internal:80", mount: "kv" })
    expect(read("vault:", env).address).toBe("http://vault.internal:80")
    expect(read("vault:///kv", { ...env, BAO_ADDR: "https://bao:8200" }).address).toBe("https://bao:8200")
    expect(() => read("vault:///kv")).toThrow("VAULT_ADDR is not set")
  })

  test.for([
    "127.0.0.1:8200",
    "vault.internal:8200",
    "vault.internal",
  ])("without a host is MISCONFIGURED if the address of the environment is %s, and says what it lacks", written => {
    const said = /_ADDR is no address: http:\/\/ or https:\/\/ is missing.*set (?:VAULT|BAO)_ADDR=https:/
    expect(() => read("vault:///kv", { ...HOME, VAULT_ADDR: written })).toThrow(said)
    expect(() => read("vault:///kv", { ...HOME, BAO_ADDR: written })).toThrow("BAO_ADDR")
    expect(() => read("vault:///kv", { ...HOME, BAO_ADDR: written })).not.toThrow(written)
  })

  test.for<[url: string, token: string, namespace: string, ca: string]>([
    ["vault://127.0.0.1:8200/kv", "vaults", "v", "/v"],
    ["vault://127.0.0.1:8300/kv", "baos", "b", "/b"],
    ["vault:///kv", "baos", "b", "/b"],
    // Neither is the one that is asked.
    ["vault://127.0.0.1:8400/kv", "baos", "b", "/b"],
  ])("%s takes what belongs to its server, where the environment has two", ([url, token, namespace, ca]) => {
    const vaults = {
      ...HOME,
      VAULT_ADDR: "http://127.0.0.1:8200",
      VAULT_TOKEN: "vaults",
      VAULT_NAMESPACE: "v",
      VAULT_CACERT: "/v",
    }
    const both = {
      ...vaults,
      BAO_ADDR: "http://127.0.0.1:8300",
      BAO_TOKEN: "baos",
      BAO_NAMESPACE: "b",
      BAO_CACERT: "/b",
    }
    expect(read(url, both)).toMatchObject({ auth: { token }, namespace, tls: { ca: { file: ca } } })
    // One that has no token of its own is not sent that of the other one.
    if (token === "vaults")
      expect(read(url, { ...both, VAULT_TOKEN: "" }).auth).toMatchObject({ method: "token-file" })
    expect(read(url, { ...both, BAO_ADDR: "" }).auth).toMatchObject({ token: "baos" })
  })

  test("of a server behind a path has that from the variable, or from path=", () => {
    const env = { ...HOME, VAULT_ADDR: "https://gateway.example.com/team/vault/" }
    expect(read("vault:///kv", env).address).toBe("https://gateway.example.com:443/team/vault")
    expect(read("vault://gateway.example.com:443/kv", env).address).toBe(
      "https://gateway.example.com:443/team/vault",
    )
    expect(read("vault://gateway.example.com/kv", env).address).toBe("https://gateway.example.com:8200")
    expect(read("vault://v/kv?path=team/a%20b").address).toBe("https://v:8200/team/a%20b")
    expect(read("vault:///kv?path=other", env).address).toBe("https://gateway.example.com:443/other")
    for (const path of ["..", "/vault", "a//b"])
      expect(() => read(`vault://v/kv?path=${path}`)).toThrow("MISCONFIGURED")
  })

  test.for([
    "https://u:CANARY@vault.example.com",
    "https://CANARY@vault.example.com:8200",
    "https://vault.example.com/?a=CANARY",
    "https://vault.example.com/#CANARY",
  ])("of a server of the environment that is %s is MISCONFIGURED, without quoting it", planted => {
    const canary = newCanary()
    const env = { ...HOME, VAULT_ADDR: planted.replace("CANARY", canary.text) }
    for (const url of [
      "vault:///kv",
      "vault://vault.example.com:8200/kv",
      "vault://vault.example.com:443/kv",
    ]) {
      if (planted.includes(":8200") === url.includes(":443")) continue
      expect(() => read(url, env)).toThrow("VAULT_ADDR")
      expect(() => read(url, env)).not.toThrow(canary.text)
    }
  })

  test("of the server of the environment takes its scheme, and no other", () => {
    const env = { ...HOME, VAULT_ADDR: "http://vault.internal:8200" }
    expect(read("vault://vault.internal/kv", env).address).toBe("http://vault.internal:8200")
    expect(read("vault://vault.internal:8201/kv", env).address).toBe("https://vault.internal:8201")
    expect(read("vault://vault.internal/kv?tls=true", env).address).toBe("https://vault.internal:8200")
  })

  test("says how the engine is to be asked", () => {
    expect(read("vault://v/kv?kv=1").kv).toBe(1)
    expect(read("vault://v/kv?kv=2").kv).toBe(2)
    expect(read("vault://v/kv")).not.toHaveProperty("kv")
    expect(read("vault://v/database?leases=true").leases).toBe(true)
    expect(read("vault://v/kv?prefix=prod&rename.a=B")).toMatchObject({ prefix: "prod", rename: { a: "B" } })
    expect(read("vault://v/kv?namespace=team/a&login-namespace=team")).toMatchObject({
      namespace: "team/a",
      loginNamespace: "team",
    })
    expect(read("vault://v/kv", { ...HOME, VAULT_NAMESPACE: "team" }).namespace).toBe("team")
  })

  test.for([
    ["vault://v/kv?kv=3", "kv="],
    ["vault://v/kv?kvv=2", "kvv"],
    ["vault://v/kv?auth=magic", "auth="],
    ["vault://v/kv?auth=", "auth="],
    ["vault://v/kv?tls=yes", "tls="],
    ["vault://v/kv?auth=kubernetes", "role"],
    ["vault://v/kv?auth=approle", "VAULT_ROLE_ID"],
    ["vault://v/kv?auth=approle&role-id=r&wrapped=true", "VAULT_SECRET_ID"],
    ["vault://v/kv?auth=jwt", "VAULT_JWT"],
    ["vault://v/kv?auth=userpass&username=anna", "VAULT_PASSWORD"],
    ["vault://v/kv?auth=userpass", "VAULT_USERNAME"],
    ["vault://v/kv?auth=token", "VAULT_TOKEN"],
    ["vault://v/kv?auth=cert&jwt-file=x", "jwt-file="],
    ["vault://v/kv?role=web", "role="],
    ["vault://a%2Fb/kv", "host"],
    ["vault:kv", ""],
  ] as const)("%s is MISCONFIGURED", ([url, says]) => {
    expect(() => read(url)).toThrow(says)
    expect(() => read(url)).toThrow("MISCONFIGURED")
  })

  test.for([
    "token",
    "secret-id",
    "password",
    "jwt-token",
    "client-secret",
  ])("with a credential in %s= is refused without quoting it", parameter => {
    const canary = newCanary()
    for (const url of [`vault://v/kv?${parameter}=${canary.text}`, `vault://u:${canary.text}@v/kv`]) {
      expect(() => read(url)).toThrow("MISCONFIGURED")
      expect(() => read(url)).not.toThrow(canary.text)
    }
  })
})

describe("the login in a URL", () => {
  const env = {
    ...HOME,
    VAULT_ROLE_ID: "r",
    VAULT_SECRET_ID: "s",
    VAULT_JWT: "signed",
    VAULT_USERNAME: "anna",
    VAULT_PASSWORD: "p",
  }
  test.for<[string, unknown]>([
    ["", { method: "token-file", file: "/home/anna/.vault-token", variable: "VAULT_TOKEN" }],
    ["auth=token-file", { method: "token-file", file: "/home/anna/.vault-token" }],
    ["token-file=/run/token", { method: "token-file", file: "/run/token" }],
    ["auth=approle", { method: "approle", roleId: "r", secretId: "s" }],
    ["auth=approle&wrapped=true", { method: "approle", roleId: "r", secretId: { wrapped: "s" } }],
    [
      "auth=approle&role-id=q&secret-id-file=/run/s&auth-mount=ci/roles",
      { method: "approle", roleId: "q", secretId: { file: "/run/s" }, mount: "ci/roles" },
    ],
    ["auth=kubernetes&role=web", { method: "kubernetes", role: "web" }],
    [
      "auth=kubernetes&role=web&jwt-file=/run/jwt",
      { method: "kubernetes", role: "web", jwt: { file: "/run/jwt" } },
    ],
    ["auth=jwt&role=ci", { method: "jwt", role: "ci", jwt: "signed" }],
    ["auth=userpass", { method: "userpass", username: "anna", password: "p" }],
    [
      "auth=userpass&username=otto&password-file=/run/p",
      { method: "userpass", username: "otto", password: { file: "/run/p" } },
    ],
    ["auth=cert&role=web", { method: "cert", role: "web" }],
  ])("?%s is what it says", ([query, auth]) => {
    expect(JSON.parse(JSON.stringify(read(`vault://v/kv?${query}`, env).auth))).toEqual(auth)
  })

  test("is the token of the environment if there is one, OpenBao's first", () => {
    const tokens = { ...env, VAULT_TOKEN: "one" }
    expect(read("vault://v/kv", tokens).auth).toMatchObject({ method: "token", token: "one" })
    expect(read("vault://v/kv?renew=true", { ...tokens, BAO_TOKEN: "two" }).auth).toEqual({
      method: "token",
      token: "two",
      renew: true,
      variable: "BAO_TOKEN",
    })
    expect(() => read("vault://v/kv", {})).toThrow("there is no home folder")
  })
})

describe("the connection of a URL", () => {
  test("is as the variables say, and the URL before them", () => {
    const env = {
      ...HOME,
      VAULT_CACERT: "/ca",
      VAULT_CLIENT_CERT: "/cert",
      VAULT_CLIENT_KEY: "/key",
      VAULT_TLS_SERVER_NAME: "name",
    }
    expect(read("vault://v/kv", env).tls).toEqual({
      ca: { file: "/ca" },
      cert: { file: "/cert" },
      key: { file: "/key" },
      serverName: "name",
    })
    const query = "ca-file=/ca2&cert-file=/cert2&key-file=/key2&server-name=name2"
    expect(read(`vault://v/kv?${query}`, env).tls).toEqual({
      ca: { file: "/ca2" },
      cert: { file: "/cert2" },
      key: { file: "/key2" },
      serverName: "name2",
    })
    expect(read("vault://v/kv", { ...HOME, BAO_CAPATH: "/cas" }).tls?.ca).toEqual({ folder: "/cas" })
    expect(read("vault://v/kv", { ...HOME, VAULT_CACERT_BYTES: "PEM", VAULT_CACERT: "/ca" }).tls?.ca).toBe(
      "PEM",
    )
  })

  test.for([
    ["true", true],
    ["1", true],
    ["false", undefined],
    ["0", undefined],
    ["", undefined],
  ] as const)("with VAULT_SKIP_VERIFY=%s takes any certificate: %s", ([value, skips]) => {
    expect(read("vault://v/kv", { ...HOME, VAULT_SKIP_VERIFY: value }).tls?.skipVerify).toBe(skips)
  })

  test("goes through the proxy that the environment names for it", () => {
    const proxies = { ...HOME, HTTPS_PROXY: "http://secure:1", HTTP_PROXY: "http://plain:1" }
    expect(read("vault://v/kv", proxies).proxy).toBe("http://secure:1")
    expect(read("vault://v/kv?tls=false", proxies).proxy).toBe("http://plain:1")
    expect(read("vault://v/kv", { ...proxies, https_proxy: "http://lower:1" }).proxy).toBe("http://lower:1")
    expect(read("vault://127.0.0.1/kv?tls=true", proxies).proxy).toBeUndefined()
    expect(read("vault://v/kv", HOME).proxy).toBeUndefined()
    expect(read("vault://v/kv", { ...proxies, VAULT_PROXY_ADDR: "http://own:1", NO_PROXY: "*" }).proxy).toBe(
      "http://own:1",
    )
  })

  test.for([
    ["*", true],
    ["example.com", true],
    [".example.com", true],
    ["*.example.com", true],
    ["other, vault.example.com ", true],
    ["vault.example.com:8200", true],
    ["vault.example.com:8201", false],
    ["ample.com", false],
    ["VAULT.example.com", true],
    ["", false],
    [",", false],
  ] as const)("with NO_PROXY=%s is direct: %s", ([list, direct]) => {
    const env = { ...HOME, HTTPS_PROXY: "http://proxy:1", NO_PROXY: list }
    expect(read("vault://vault.example.com/kv", env).proxy === undefined).toBe(direct)
  })
})

describe("an address that is reached directly", () => {
  test.for([
    ["10.1.2.3", "10.0.0.0/8", true],
    ["10.1.2.3", "10.1.2.3/32, other", true],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "10.0.0.0/33", false],
    ["10.1.2.3", "10.0.0.0/", false],
    ["10.1.2.3", "fd00::/8", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.3:8200", true],
    ["10.1.2.3", "10.1.2.3:8201", false],
    ["[fd00::1]", "fd00::1", true],
    ["[fd00::1]", "[fd00::1]", true],
    ["[fd00::1]", "[fd00::1]:8200", true],
    ["[fd00::1]", "[fd00::1]:8201", false],
    ["[fd00::1]", "fd00:0:0::1", true],
    ["[fd00::1]", "fd00::/8", true],
    ["[fe00::1]", "fd00::/8", false],
    ["vault.example.com", "10.0.0.0/8", false],
  ] as const)("%s is one with NO_PROXY=%s: %s", ([host, list, direct]) => {
    const env = { ...HOME, HTTPS_PROXY: "http://proxy:1", NO_PROXY: list }
    expect(read(`vault://${host}/kv`, env).proxy === undefined).toBe(direct)
  })
})

test.for([
  ["corp:3128", "http://corp:3128"],
  ["corp", "http://corp"],
  ["anna:pw@corp:3128", "http://anna:pw@corp:3128"],
  ["https://corp:3128", "https://corp:3128"],
  ["HTTP://corp:3128", "HTTP://corp:3128"],
] as const)("a proxy that is %s is %s", ([written, proxy]) => {
  const options = read("vault://v/kv", { ...HOME, VAULT_TOKEN: "t", HTTPS_PROXY: written })
  expect(options.proxy).toBe(proxy)
  expect(() => vault({ ...options, kv: 2 })).not.toThrow()
})

describe("a location", () => {
  test.for([
    "vault://127.0.0.1:8200/secret",
    "vault://vault.example.com:443/team/my%20kv",
    "vault://127.0.0.1:8200/secret?namespace=team/a",
    "vault://127.0.0.1:8200/secret?tls=true",
    "vault://vault.example.com:8200/secret?namespace=team&tls=false",
    "vault://[::1]:8200/secret",
    "vault://127.0.0.1:8200/secret?prefix=team/app",
    "vault://vault.example.com:8200/secret?namespace=team&prefix=app&tls=false",
    "vault://gateway.example.com:443/secret?path=team/a%26b&namespace=x",
  ])("%s is a URL that leads to the same store", url => {
    const { kv: _, leases: __, ...options } = read(url, { ...HOME, VAULT_TOKEN: "t" })
    expect(vault({ ...options, kv: 2 }).location).toBe(url)
  })
})

describe("openVault()", () => {
  const auth = { method: "token", token: "mine" } as const
  const mounts = (data: unknown) => (request: { path: string }) =>
    request.path.startsWith("sys/internal/ui/mounts/") ? { json: { data } } : kv2Answer({ value: "v" })

  test.for([
    [{ type: "kv", options: { version: "2" } }, true],
    [{ type: "kv", options: { version: "1" } }, false],
    [{ type: "kv", options: null }, false],
    [{ type: "generic" }, false],
  ] as const)("asks once which version the engine has: %j", async ([data, versioned]) => {
    const server = await playedServer(mounts(data))
    const store = await openVault({ address: server.url, mount: "team/kv", auth }, calm)
    expect(store.capabilities.versionedReads).toBe(versioned)
    expect(store.versions !== undefined).toBe(versioned)
    expect(server.asked).toEqual(["GET sys/internal/ui/mounts/team/kv"])
    await store.close()
  })

  test("asks nothing if that is said", async () => {
    const server = await playedServer(mounts({}))
    const options = { address: server.url, auth }
    for (const more of [{ kv: 1 }, { kv: 2 }, { leases: true }] as const)
      await (await openVault({ ...options, ...more }, calm)).close()
    expect(server.asked).toEqual([])
  })

  test("is MISCONFIGURED at an engine of another kind, and where nobody may see the mount", async () => {
    const server = await playedServer(mounts({ type: "database" }))
    const options = { address: server.url, mount: "database", auth }
    const error = await errorOf(openVault(options, calm))
    expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("leases=true")])
    expect(error.store).toBe(`vault://127.0.0.1:${server.port}/database`)
    server.play(({ path }) =>
      path.startsWith("sys/")
        ? refusal(403, "preflight capability check returned 403")
        : { json: { data: {} } },
    )
    const hidden = await errorOf(openVault(options, calm))
    expect([hidden.code, hidden.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("kv=2")])
    const data = await errorOf(openVault({ ...options, mount: "secret/data" }, calm))
    expect([data.code, data.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("leave out")])
    await eventually(async () => expect(await server.connections()).toBe(0))
  })

  test.for([
    ["secret/data", "the mount is secret: name that"],
    ["secret/metadata", "the mount is secret: name that"],
    ["secret/data/app", "the mount is secret: name that, and write prefix=app for what is below data/app/"],
  ] as const)("at %s says that the mount is above it", async ([mount, hint]) => {
    const server = await playedServer(mounts({ type: "kv", options: { version: "2" }, path: "secret/" }))
    const error = await errorOf(openVault({ address: server.url, mount, auth }, calm))
    expect([error.code, error.hint]).toEqual(["MISCONFIGURED", hint])
  })

  test("says what keeps the server from answering, and nothing of the token", async () => {
    const canary = newCanary()
    const server = await playedServer(() => refusal(503, `Vault is sealed ${canary.text}`))
    const options = { address: server.url, auth: { ...auth, token: canary.text } }
    expect(canary.watch(await errorOf(openVault(options, calm))).code).toBe("UNAVAILABLE")
    server.play(() => "never")
    const patience = new AbortController()
    const call = errorOf(openVault(options, { signal: patience.signal }))
    await eventually(() => expect(server.seen.length).toBe(2))
    patience.abort()
    expect(canary.watch(await call).code).toBe("ABORTED")
  })

  test("refuses to be told two things at once", async () => {
    const options = { address: "http://127.0.0.1:1", auth }
    expect((await errorOf(openVault({ ...options, leases: true, kv: 2 }, calm))).code).toBe("MISCONFIGURED")
    const odd = { ...options, leases: "yes" as unknown as boolean }
    expect((await errorOf(openVault(odd, calm))).code).toBe("MISCONFIGURED")
  })
})
