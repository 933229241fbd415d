import { rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isSecretError } from "latchkey"
import { type AzureOptions, azure, fromUrl } from "latchkey/azure"
import { describe, expect, it, onTestFinished, test } from "vitest"
import { placeOf } from "../../../providers/azure/places.ts"
import { newCanary } from "../../support/canary.ts"
import { calm, errorOf, reaching, started } from "./scene.ts"

const opened = (url: string): AzureOptions => fromUrl(new URL(url), {})

describe("a URL", () => {
  it("names a vault, and gives what is set about it", () => {
    expect(opened("azure://my-vault")).toMatchObject({ vault: "my-vault" })
    expect(
      opened(
        "azure://my-vault?cloud=china&client-id=abc&ca=/etc/ca.pem&service-version=7.6&prefix=prod&rename.db=Db&" +
          "disable-challenge-resource-verification=true",
      ),
    ).toEqual({
      vault: "my-vault",
      cloud: "china",
      clientId: "abc",
      ca: "/etc/ca.pem",
      serviceVersion: "7.6",
      disableChallengeResourceVerification: true,
      prefix: "prod",
      rename: { db: "Db" },
    })
  })

  test.for([
    ["azure://my-vault", "azure://my-vault"],
    ["azure://My-Vault", "azure://my-vault"],
    ["azure://my-vault.vault.azure.net", "azure://my-vault"],
    ["azure://my-vault?cloud=china", "azure://my-vault.vault.azure.cn"],
    ["azure://my-vault?cloud=usgov", "azure://my-vault.vault.usgovcloudapi.net"],
    ["azure://my-vault?cloud=germany", "azure://my-vault.vault.microsoftazure.de"],
    ["azure://my-vault.vault.azure.cn", "azure://my-vault.vault.azure.cn"],
    ["azure://127.0.0.1:8443", "azure://127.0.0.1:8443"],
    ["azure://[::1]:8443", "azure://[::1]:8443"],
    ["azure://localhost:8443", "azure://localhost:8443"],
  ] as const)("%s makes a store at %s, which is a URL that makes the same one", ([url, location]) => {
    expect(azure(opened(url)).location).toBe(location)
    expect(azure(opened(location)).location).toBe(location)
  })

  test.for([
    "azure:",
    "azure://",
    "azure:my-vault",
    "azure://my-vault/CANARY",
    "azure://user:CANARY@my-vault",
    "azure://my-vault?token=CANARY",
    "azure://my-vault?clientid=CANARY",
    "azure://my-vault?cloud=CANARY",
    "azure://my-vault?cloud=china&cloud=usgov",
    "azure://my-vault?disable-challenge-resource-verification=CANARY",
    "azure://my-vault?ca=",
    "azure://CANARY_x",
    "azure://x",
    "azure://two--hyphens",
    "azure://my-vault.vault.azure.cn?cloud=usgov",
    "azure://my-hsm.managedhsm.azure.net",
  ])("%s is refused, and not quoted", url => {
    const canary = newCanary()
    try {
      azure(opened(url.replace("CANARY", canary.text)))
    } catch (thrown) {
      canary.watch(thrown)
      expect(isSecretError(thrown) && [thrown.code, thrown.hint !== undefined]).toEqual([
        "MISCONFIGURED",
        true,
      ])
      return
    }
    throw new Error("the URL was taken")
  })
})

describe("the place of a vault", () => {
  it("says where one logs in, and leaves that to the environment in the public cloud", () => {
    expect(placeOf("my-vault", undefined)).toEqual({
      url: "https://my-vault.vault.azure.net",
      location: "azure://my-vault",
      login: undefined,
    })
    const logins = (["china", "usgov", "germany"] as const).map(cloud => placeOf("my-vault", cloud).login)
    expect(logins).toEqual([
      "https://login.chinacloudapi.cn",
      "https://login.microsoftonline.us",
      "https://login.microsoftonline.de",
    ])
    expect(placeOf("my-vault.vault.usgovcloudapi.net", undefined).login).toBe(
      "https://login.microsoftonline.us",
    )
    expect(placeOf("127.0.0.1:8443", "china").login).toBe("https://login.chinacloudapi.cn")
  })
})

describe("the options", () => {
  const credential = { getToken: async () => null }
  const client = {
    vaultUrl: "https://my-vault.vault.azure.net/",
    getSecret: async () => ({ name: "a", properties: { name: "a" } }),
    setSecret: async () => ({ name: "a", properties: { name: "a" } }),
    beginDeleteSecret: async () => undefined,
    updateSecretProperties: async () => undefined,
    getDeletedSecret: async () => undefined,
    purgeDeletedSecret: async () => undefined,
    listPropertiesOfSecrets: async function* () {},
    listPropertiesOfSecretVersions: async function* () {},
  }

  it("say in one of three ways which vault it is", () => {
    for (const options of [
      { vault: "my-vault" },
      { vaultUrl: "https://my-vault.vault.azure.net/" },
      { client },
    ])
      expect(azure(options).location).toBe("azure://my-vault")
    expect(azure({ vaultUrl: "https://localhost" }).location).toBe("azure://localhost")
  })

  test.for([
    {},
    { vault: "my-vault", vaultUrl: "https://my-vault.vault.azure.net" },
    { vault: "my-vault", client },
    { vault: "" },
    { vault: 7 },
    { vault: "https://my-vault.vault.azure.net" },
    { vaultUrl: "my-vault" },
    { vaultUrl: "http://my-vault.vault.azure.net" },
    { vaultUrl: "https://my-vault.vault.azure.net/secrets" },
    { vaultUrl: "https://user:pass@my-vault.vault.azure.net" },
    { vault: "my-vault", valut: "x" },
    { vault: "my-vault", credential: {} },
    { vault: "my-vault", credential: null },
    { vault: "my-vault", credential, clientId: "abc" },
    { vault: "my-vault", clientId: "" },
    { vault: "my-vault", cloud: "moon" },
    { vault: "my-vault", disableChallengeResourceVerification: "yes" },
    { client: {} },
    { client, credential },
    { client, ca: "pem" },
    { client, cloud: "china" },
    { vault: "my-vault", prefix: "Not Portable" },
  ])("are refused where they say nothing: %o", options => {
    expect(() => azure(options as AzureOptions)).toThrow("MISCONFIGURED")
  })

  it("are used for nothing until the first call, and a ca that is none is refused then", async () => {
    const server = await started()
    for (const [ca, hint] of [
      ["/nowhere/ca.pem", "see whether it is there"],
      ["-----BEGIN PRIVATE KEY-----", "it begins with -----BEGIN CERTIFICATE-----"],
    ] as const) {
      const store = azure({ ...reaching(server), ca })
      const error = await errorOf(store.ping(calm))
      expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining(hint)])
    }
    expect(server.log.count()).toBe(0)
  })

  it("take a ca from a file, which may come later", async () => {
    const server = await started()
    const ca = join(tmpdir(), `latchkey-${process.pid}-${server.port}.pem`)
    const store = azure({ ...reaching(server), ca })
    onTestFinished(async () => {
      await store.close()
      await rm(ca, { force: true })
    })
    expect((await errorOf(store.ping(calm))).code).toBe("MISCONFIGURED")
    await writeFile(ca, server.ca)
    await store.ping(calm)
  })
})
