import { ClientSecretCredential } from "@azure/identity"
import type { SecretErrorCode, StoreWith } from "latchkey"
import { type AzureCredential, azure } from "latchkey/azure"
import { expect, it, onTestFinished } from "vitest"
import { type RecordedCase, recordedCases } from "../../servers/azure/recorded-answer.ts"
import { casesOf } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { CHALLENGE, type Part, type Played, type Player, playing, TENANT } from "./player.ts"
import { calm, collected, errorOf } from "./scene.ts"

type Store = StoreWith<"write" | "list" | "versions" | "delete">

/** One case played to our store, through the SDK. */
interface Stage {
  readonly store: Store
  readonly player: Player
  /** The value that stands in the answer, where one does. */
  readonly value: string
}

const VERSION = "0123456789abcdef0123456789abcdef"
const NAME = "tally--api-token"
const SECONDS = 1_700_000_000

/** What is recorded as a variable part, as something definite. */
function filled(thing: unknown, value: string, host: string): unknown {
  if (Array.isArray(thing)) return thing.map(one => filled(one, value, host))
  if (typeof thing === "object" && thing !== null)
    return Object.fromEntries(Object.entries(thing).map(([key, one]) => [key, filled(one, value, host)]))
  if (typeof thing !== "string") return thing
  if (/^<(?:unix seconds|s|deletedDate \+ 604800)>$/.test(thing)) return SECONDS
  return thing
    .replaceAll("<vault>:443", host)
    .replaceAll("<vault>", host)
    .replaceAll("<name>", NAME)
    .replaceAll("<32 hex, no dashes>", VERSION)
    .replaceAll("<certificate>", "a-certificate")
    .replaceAll(/<value(?: of that version)?>|<message>/g, value)
    .replaceAll(/<[^<>]+>/g, "part")
}

/** The recorded answer, with a value, or a text, that must not get anywhere but into a value. */
function partOf({ answer }: RecordedCase, value: string, host: string): Part {
  const error = {
    code: answer.errorCode,
    message: filled(answer.message, value, host),
    ...(answer.innerError === undefined ? {} : { innererror: { code: answer.innerError } }),
  }
  const body = answer.errorCode === undefined ? filled(answer.body, value, host) : { error }
  const headers = Object.entries(answer.headers ?? {}).filter(([, text]) => !text.startsWith("<absent"))
  return {
    status: answer.status,
    headers: Object.fromEntries(headers.map(([name, text]) => [name, String(filled(text, value, host))])),
    body,
  }
}

const token: AzureCredential = {
  getToken: async () => ({ token: "a-token", expiresOnTimestamp: Date.now() + 3_600_000 }),
}

async function staged(
  answer: (request: Played, value: string, host: string) => Part,
  credential: (player: Player) => AzureCredential = () => token,
  open = false,
): Promise<Stage> {
  const canary = newCanary()
  const player: Player = await playing(request => answer(request, canary.text, player.host), { open })
  const store = azure({
    vaultUrl: player.url,
    ca: player.ca,
    credential: credential(player),
    disableChallengeResourceVerification: true,
  })
  onTestFinished(async () => await store.close())
  canary.watch(store)
  return { store, player, value: canary.text }
}

/** A read or a write that ends with an error of a code. */
const fails =
  (code: SecretErrorCode, call: (store: Store) => Promise<unknown>) =>
  async (recorded: RecordedCase): Promise<void> => {
    const { store, player } = await staged((_, value, host) => partOf(recorded, `token ${value}`, host))
    const error = await errorOf(call(store))
    expect(error.code).toBe(code)
    expect(player.requests.at(-1)).toMatchObject({ method: recorded.request.method })
  }

const read = (store: Store): Promise<unknown> => store.read("tally/api-token", calm)
const write = (store: Store): Promise<unknown> => store.write("tally/api-token", "value", calm)

/** What each recorded answer comes to. */
const PLAYS: Readonly<Record<string, (recorded: RecordedCase) => Promise<void>>> = {
  async "azure-challenge"(recorded) {
    const good = { value: "v", id: `https://v/secrets/${NAME}/${VERSION}`, attributes: { enabled: true } }
    const { store, player } = await staged(
      (request, value, host) =>
        request.token === undefined ? partOf(recorded, value, host) : { status: 200, body: good },
      () => token,
      true,
    )
    await store.write("tally/api-token", "value", calm)
    expect(player.requests.map(({ token: sent, body }) => [sent, body === ""])).toEqual([
      [undefined, true],
      ["a-token", false],
    ])
  },
  async "azure-token-endpoint"(recorded) {
    const { store, player, value } = await staged(
      (request, value, host) => {
        if (request.path.endsWith("openid-configuration"))
          return { status: 200, body: discovery(`https://${host}`) }
        if (request.method !== "POST")
          return request.token === undefined ? CHALLENGE : { status: 200, body: secretOf(request.token) }
        const answer = partOf(recorded, value, host)
        return { ...answer, body: { ...(answer.body as object), access_token: value } }
      },
      ({ url, ca }) =>
        new ClientSecretCredential(TENANT, "client", "secret", {
          authorityHost: url,
          disableInstanceDiscovery: true,
          // Handed on to the transport, and not declared.
          ...{ tlsOptions: { ca } },
        }),
      true,
    )
    // The secret that is answered is the token with which it was asked for.
    expect((await store.read("tally/api-token", calm)).value === value).toBe(true)
    expect(player.requests.filter(({ method }) => method === "POST")).toHaveLength(1)
  },
  async "azure-set"(recorded) {
    const { store } = await staged((_, value, host) => partOf(recorded, value, host))
    expect(await write(store)).toEqual({
      version: VERSION,
      current: true,
      readable: true,
      createdAt: new Date(SECONDS * 1_000),
    })
  },
  async "azure-set-empty-value"(recorded) {
    const { store, player } = await staged((_, value, host) => partOf(recorded, value, host))
    expect(await store.write("tally/api-token", "", calm)).toMatchObject({ version: VERSION })
    expect(JSON.parse(player.requests.at(-1)?.body ?? "")).toMatchObject({ value: "" })
    expect((await store.read("tally/api-token", calm)).value).toBe("")
  },
  async "azure-set-disabled"(recorded) {
    const { store } = await staged((_, value, host) => partOf(recorded, value, host))
    expect(await write(store)).toMatchObject({ version: VERSION, readable: false })
  },
  async "azure-set-name-invalid"(recorded) {
    const { store, player } = await staged((_, value, host) => partOf(recorded, value, host))
    expect((await errorOf(store.write("secret_name", "value", calm))).code).toBe("INVALID_NAME")
    expect(player.requests).toEqual([])
    // A name that passes here and is refused there can only be a value that is.
    expect((await errorOf(write(store))).code).toBe("INVALID_VALUE")
  },
  "azure-set-on-deleted-name": fails("CONFLICT", write),
  async "azure-get-latest"(recorded) {
    const { store, player, value } = await staged((_, value, host) => partOf(recorded, value, host))
    const secret = await store.read("tally/api-token", calm)
    expect(secret.value === value).toBe(true)
    expect([secret.version, secret.createdAt]).toEqual([VERSION, new Date(SECONDS * 1_000)])
    expect(player.requests.at(-1)?.path).toBe(`/secrets/${NAME}/`)
  },
  async "azure-get-version"(recorded) {
    const { store, player, value } = await staged((_, value, host) => partOf(recorded, value, host))
    const secret = await store.read("tally/api-token", { ...calm, version: VERSION })
    expect([secret.value === value, secret.version]).toEqual([true, VERSION])
    expect(player.requests.at(-1)?.path).toBe(`/secrets/${NAME}/${VERSION}`)
  },
  "azure-get-not-found": fails("NOT_FOUND", read),
  "azure-get-disabled": fails("DISABLED", read),
  "azure-get-after-delete": fails("NOT_FOUND", read),
  async "azure-delete"(recorded) {
    const { store, player } = await staged((_, value, host) => partOf(recorded, value, host))
    await store.delete("tally/api-token", calm)
    expect(player.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `DELETE /secrets/${NAME}`,
      `DELETE /secrets/${NAME}`,
      `GET /deletedsecrets/${NAME}`,
    ])
  },
  "azure-delete-not-found": fails("NOT_FOUND", store => store.delete("tally/api-token", calm)),
  "azure-get-deleted-too-early": afterDeletion,
  "azure-get-deleted": afterDeletion,
  async "azure-list"(recorded) {
    const { store } = await staged((_, value, host) => partOf(recorded, value, host))
    expect(await collected(store.list(calm))).toEqual([
      { name: "tally/api-token", createdAt: new Date(SECONDS * 1_000) },
    ])
  },
  "azure-list-page": pages(store => store.list(calm), "/secrets"),
  "azure-list-versions-page": pages(
    store => store.versions("tally/api-token", calm),
    `/secrets/${NAME}/versions`,
  ),
  "azure-denied-rbac": fails("DENIED", read),
  "azure-denied-access-policy": fails("DENIED", store => collected(store.list(calm))),
  "azure-token-of-another-tenant": fails("UNAUTHENTICATED", read),
  async "azure-throttled"(recorded) {
    const { store } = await staged((_, value, host) => partOf(recorded, value, host))
    const error = await errorOf(read(store))
    expect([error.code, error.transient, error.retryAfterMs]).toEqual(["THROTTLED", true, undefined])
  },
}

/** What a store never asks for: attributes, recovery, purge and backups are the business of administrators. */
const NOT_ASKED = ["azure-patch-attributes", "azure-recover", "azure-purge", "azure-restore", "azure-backup"]

async function afterDeletion(recorded: RecordedCase): Promise<void> {
  const deleted = {
    id: `https://v/secrets/${NAME}/${VERSION}`,
    recoveryId: `https://v/deletedsecrets/${NAME}`,
  }
  const { store, player } = await staged(({ method }, value, host) =>
    method === "DELETE" ? { status: 200, body: deleted } : partOf(recorded, value, host),
  )
  await store.delete("tally/api-token", calm)
  expect(player.requests.at(-1)).toMatchObject({ method: "GET", path: `/deletedsecrets/${NAME}` })
}

/** A list in two pages, the first of which leads to the second as it was recorded. */
function pages(list: (store: Store) => AsyncIterable<unknown>, path: string) {
  return async (recorded: RecordedCase): Promise<void> => {
    const current = { status: 200, body: secretOf("value") }
    const { store, player } = await staged((request, value, host) => {
      if (request.path !== path) return current
      const { body } = partOf(recorded, value, host) as {
        body: { value: { id: string }[]; nextLink: string }
      }
      if (request.url.includes("skiptoken")) return { status: 200, body: { value: [], nextLink: null } }
      const nextLink = new URL(body.nextLink)
      nextLink.pathname = path
      return { status: 200, body: { ...body, nextLink: nextLink.href } }
    })
    expect(await collected(list(store))).toHaveLength(1)
    const asked = player.requests.filter(request => request.token !== undefined && request.path === path)
    expect(asked.map(({ url }) => url.includes("skiptoken"))).toEqual([false, true])
  }
}

function secretOf(value: string | undefined): unknown {
  return {
    value,
    id: `https://v/secrets/${NAME}/${VERSION}`,
    attributes: { enabled: true, created: SECONDS },
  }
}

function discovery(authority: string): unknown {
  return {
    issuer: `${authority}/${TENANT}/v2.0`,
    authorization_endpoint: `${authority}/${TENANT}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/${TENANT}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/keys`,
  }
}

const cases = await recordedCases()

casesOf({ backend: "azure", server: "recorded answers", kind: "recorded" }, () => {
  for (const recorded of cases.filter(({ id }) => !NOT_ASKED.includes(id)))
    it(`${recorded.id}: ${recorded.given}`, async () => {
      const play = PLAYS[recorded.id]
      if (play === undefined) throw new Error("nothing says what this answer comes to")
      await play(recorded)
    })
})

it("every recorded answer is played but those that no store asks for", () => {
  expect([...Object.keys(PLAYS), ...NOT_ASKED].toSorted()).toEqual(cases.map(({ id }) => id).toSorted())
})
