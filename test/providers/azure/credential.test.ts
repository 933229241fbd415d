import { type AzureOptions, azure } from "latchkey/azure"
import { beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { playing, TENANT } from "./player.ts"
import { calm, errorOf, reaching, started } from "./scene.ts"

const identity = vi.hoisted(() => ({
  made: [] as unknown[],
  asked: [] as { readonly scopes: string | string[]; readonly tenantId?: string }[],
}))

vi.mock("@azure/identity", () => ({
  DefaultAzureCredential: class {
    constructor(options: unknown) {
      identity.made.push(options)
    }
    async getToken(scopes: string | string[], { tenantId }: { tenantId?: string }) {
      identity.asked.push({ scopes, ...(tenantId === undefined ? {} : { tenantId }) })
      return { token: "token", expiresOnTimestamp: Date.now() + 3_600_000 }
    }
  },
}))

beforeEach(() => {
  identity.made = []
  identity.asked = []
})

test.for([
  [{}, {}],
  [{ cloud: "public" }, {}],
  [{ cloud: "china" }, { authorityHost: "https://login.chinacloudapi.cn" }],
  [
    { cloud: "usgov", clientId: "abc" },
    {
      authorityHost: "https://login.microsoftonline.us",
      managedIdentityClientId: "abc",
      workloadIdentityClientId: "abc",
    },
  ],
] as const)("with %o the usual credential is made with %o", async ([options, expected]) => {
  const player = await playing(() => ({
    status: 404,
    body: { error: { code: "SecretNotFound", message: "" } },
  }))
  const { credential, ...place } = reaching(await started())
  const store = azure({ ...place, vaultUrl: player.url, ca: player.ca, ...options } as AzureOptions)
  onTestFinished(async () => await store.close())
  await store.ping(calm)
  await store.ping(calm)
  expect(identity.made).toEqual([{ ...expected, retryOptions: { maxRetries: 0 } }])
  // The vault says for what, and in which tenant.
  expect(identity.asked).toEqual([{ scopes: ["https://vault.azure.net/.default"], tenantId: TENANT }])
})

test("the version of the interface is the one that was asked for, and else that of the SDK", async () => {
  const player = await playing(() => ({ status: 200, body: { value: "v", id: "https://v/secrets/name" } }))
  for (const serviceVersion of ["7.4", undefined]) {
    const store = azure({
      vaultUrl: player.url,
      ca: player.ca,
      serviceVersion,
      disableChallengeResourceVerification: true,
    })
    onTestFinished(async () => await store.close())
    // An answer to a write that names no version is none of Key Vault: what became of it is unknown.
    const error = await errorOf(store.write("name", "value", calm))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  }
  const versions = player.requests.map(({ url }) =>
    new URL(url, "https://player").searchParams.get("api-version"),
  )
  expect(versions).toEqual([
    "7.4",
    "7.4",
    // Which one that is, each release of the SDK says anew.
    expect.not.stringMatching(/^7\.4$/),
    expect.not.stringMatching(/^7\.4$/),
  ])
})
