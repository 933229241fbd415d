import { type GcpAnswer, type GcpClient, type GcpOptions, gcp } from "latchkey/gcp"
import { expect, test } from "vitest"
import { calm, collect, errorOf } from "./support.ts"

const NAME = "tally/api-token"
const WHOLE = "projects/1/secrets/tally--api-token"

/** A store on a client of one's own making, which answers as it is told, whatever it is asked. */
function storeOn(answers: Partial<Record<keyof GcpClient, unknown>>, options: Partial<GcpOptions> = {}) {
  const asked: (readonly [method: string, request: unknown])[] = []
  const methods = Object.entries(answers).map(([method, answer]) => [
    method,
    async (request: unknown): Promise<GcpAnswer<unknown>> => {
      asked.push([method, request])
      return answer as GcpAnswer<unknown>
    },
  ])
  const client = Object.fromEntries(methods) as unknown as GcpClient
  return { asked, store: gcp({ project: "my-project", client, ...options }) }
}

test("a page that does not say whether there are more is the last one", async () => {
  for (const page of [[[{ name: WHOLE }], null, {}], [[{ name: WHOLE }], null, null], [[{ name: WHOLE }]]]) {
    const { asked, store } = storeOn({ listSecrets: page })
    expect(await collect(store.list(calm))).toEqual([{ name: NAME }])
    expect(asked).toHaveLength(1)
  }
})

test("what is listed without a name of a secret is left out", async () => {
  const listed = [{}, { name: null }, { name: "projects/1" }, { name: WHOLE }]
  const { store } = storeOn({ listSecrets: [listed] })
  expect((await collect(store.list(calm))).map(({ name }) => name)).toEqual([NAME])
})

test("a listing says what stands beside a name: dates and labels", async () => {
  const secret = {
    name: WHOLE,
    createTime: { seconds: 1_700_000_000, nanos: 999_999_999 },
    expireTime: { seconds: "1800000000" },
    labels: { team: "forms" },
  }
  const { store } = storeOn({ listSecrets: [[secret]] })
  expect(await collect(store.list(calm))).toEqual([
    {
      name: NAME,
      createdAt: new Date(1_700_000_000_999),
      expiresAt: new Date(1_800_000_000_000),
      labels: { team: "forms" },
    },
  ])
})

test("states may come as numbers, times as nothing that is one, and versions without a number", async () => {
  const versions = [
    { name: `${WHOLE}/versions/latest`, state: 1 },
    { name: `${WHOLE}/versions/2`, state: 2, createTime: { seconds: "never" } },
    { name: `${WHOLE}/versions/1`, state: 1, createTime: {} },
  ]
  const { store } = storeOn({ listSecretVersions: [versions] })
  expect(await collect(store.versions(NAME, calm))).toEqual([
    { version: "2", current: true, readable: false },
    { version: "1", current: false, readable: true, createdAt: new Date(0) },
  ])
})

test("with an alias that points nowhere, no version is the current one", async () => {
  for (const secret of [{}, { versionAliases: null }, { versionAliases: { other: "1" } }]) {
    const versions = [{ name: `${WHOLE}/versions/1`, state: "ENABLED" }]
    const { store } = storeOn({ getSecret: [secret], listSecretVersions: [versions] }, { version: "current" })
    expect(await collect(store.versions(NAME, calm))).toEqual([
      { version: "1", current: false, readable: true },
    ])
  }
})

test("a secret without aliases gets its first one", async () => {
  const { asked, store } = storeOn(
    { getSecret: [{ etag: '"1"' }], addSecretVersion: [{ name: `${WHOLE}/versions/3` }], updateSecret: [{}] },
    { version: "current" },
  )
  expect(await store.write(NAME, "tly-1", calm)).toEqual({ version: "3", current: true, readable: true })
  expect(asked.at(-1)?.[1]).toMatchObject({
    secret: {
      name: "projects/my-project/secrets/tally--api-token",
      etag: '"1"',
      versionAliases: { current: "3" },
    },
  })
})

test("where secrets have no etags, nothing is written: an alias could not be moved without harm", async () => {
  for (const secret of [{}, { etag: "" }, { etag: null }]) {
    const { asked, store } = storeOn({ getSecret: [secret] }, { version: "current" })
    const error = await errorOf(store.write(NAME, "tly-1", calm))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNSUPPORTED", false, undefined])
    expect(asked.map(([method]) => method)).toEqual(["getSecret"])
  }
})

test("an access that answers to a ping is as good as one that finds nothing", async () => {
  const { asked, store } = storeOn({ accessSecretVersion: [{}] })
  await store.ping(calm)
  expect(asked[0]?.[1]).toEqual({ name: "projects/my-project/secrets/latchkey--ping/versions/latest" })
})

test("what a client throws that is no answer of the service is no answer here either", async () => {
  for (const thrown of ["closed", undefined, { code: "ECONNRESET" }, { code: 99 }]) {
    const client = {
      async accessSecretVersion() {
        throw thrown
      },
    } as unknown as GcpClient
    const error = await errorOf(gcp({ project: "my-project", client }).read(NAME, calm))
    expect([error.code, error.transient]).toEqual(["UNAVAILABLE", true])
  }
})
