import { afterEach, expect, test, vi } from "vitest"
import { crc32c } from "../../servers/gcp/index.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf, opened } from "./support.ts"

/** How a client of the SDK that is loaded behaves. */
const sdk = vi.hoisted(() => ({
  initialize: async (): Promise<unknown> => ({ close() {} }),
  made: 0,
  settings: {} as Readonly<Record<string, unknown>>,
}))

vi.mock("@google-cloud/secret-manager", () => ({
  SecretManagerServiceClient: class {
    readonly auth = {
      jsonContent: null,
      getClient: async () => ({ getRequestHeaders: async () => new Headers() }),
    }
    constructor(settings: Readonly<Record<string, unknown>>) {
      sdk.settings = settings
      sdk.made++
    }
    async initialize() {
      return await sdk.initialize()
    }
    async accessSecretVersion() {
      const data = Buffer.from("tly-1")
      const payload = { data, dataCrc32c: String(crc32c(data)) }
      return [{ name: "projects/1/secrets/tally--api-token/versions/1", payload }]
    }
  },
}))

afterEach(() => {
  sdk.initialize = async () => ({ close() {} })
  sdk.made = 0
})

test("an SDK whose connections cannot be changed says what to do instead", async () => {
  const store = opened({ project: "my-project", endpoint: "127.0.0.1:1", insecure: true })
  const error = await errorOf(store.read("tally/api-token", calm))
  expect(error.code).toBe("MISCONFIGURED")
  expect(error.hint).toContain("client")
})

test("the SDK is loaded and logged in once for all calls that wait for it, and again if that failed", async () => {
  const store = opened({ project: "my-project" })
  sdk.initialize = async () => {
    throw new Error("The configured universe domain does not match")
  }
  const failed = Array.from({ length: 5 }, async () => await errorOf(store.read("tally/api-token", calm)))
  expect((await Promise.all(failed)).map(({ code }) => code)).toEqual(failed.map(() => "UNAUTHENTICATED"))
  expect(sdk.made).toBe(1)
  sdk.initialize = async () => ({ close() {} })
  const read = Array.from({ length: 5 }, async () => await store.read("tally/api-token", calm))
  expect((await Promise.all(read)).map(({ version }) => version)).toEqual(read.map(() => "1"))
  expect(sdk.made).toBe(2)
})

test.for([
  [{}, undefined, undefined],
  [{ location: "europe-west1" }, "secretmanager.europe-west1.rep.googleapis.com", undefined],
  [{ endpoint: "secrets.internal" }, "secrets.internal", undefined],
  [{ endpoint: "secrets.internal:8443", location: "europe-west1" }, "secrets.internal", 8_443],
  [{ endpoint: "[::1]:8443" }, "[::1]", 8_443],
] as const)("with %o the SDK asks %s, port %s", async ([options, apiEndpoint, port]) => {
  await opened({ project: "my-project", ...options }).read("tally/api-token", calm)
  expect([sdk.settings.apiEndpoint, sdk.settings.port]).toEqual([apiEndpoint, port])
})

test("a store that is closed while its client is made does not wait, and closes it when it comes", async () => {
  let open: (channel: unknown) => void = () => undefined
  const opening = new Promise<unknown>(resolve => {
    open = resolve
  })
  sdk.initialize = async () => await opening
  const store = opened({ project: "my-project" })
  const call = errorOf(store.read("tally/api-token", calm))
  await eventually(() => expect(sdk.made).toBe(1))
  await store.close()
  expect((await call).code).toBe("CLOSED")
  let closed = 0
  open({ close: () => void closed++ })
  await eventually(() => expect(closed).toBe(1))
  await store.close()
  expect(closed).toBe(1)
})
