import { describe, expect, it, onTestFinished } from "vitest"
import { casesOf } from "../cases.ts"
import { ask } from "./ask.ts"
import { type AzureOptions, type AzureServer, startAzure } from "./index.ts"
import { type Bindings, differences, filled, type RecordedCase, recordedCases } from "./recorded-answer.ts"

const VAULT = "stand-in.vault.azure.net"

/** How the state before a case is brought about, and what stands for its variable parts. */
interface Before {
  readonly options?: AzureOptions
  /** Whose token comes with the request. Default: that of one who may do everything. */
  readonly as?: "nobody" | "no token" | "another tenant"
  readonly form?: boolean
  /** May give, or promise, more {@link Bindings}. */
  arrange?(server: AzureServer): unknown
}

const exists: Before = { arrange: server => void server.put("subject", "the value") }
const nothing: Before = {}
const softDeleted: Before = {
  arrange(server) {
    server.put("subject", "the value")
    server.softDelete("subject")
  },
}

/** By the id of the case: what its `given` says, done. */
const BEFORE: Readonly<Record<string, Before>> = {
  "azure-challenge": { as: "no token" },
  "azure-token-endpoint": {
    as: "no token",
    form: true,
    arrange(server) {
      const { clientId, clientSecret } = server.login.client("owner")
      return { id: clientId, secret: clientSecret, resource: "https://vault.azure.net" }
    },
  },
  "azure-set": nothing,
  "azure-set-empty-value": nothing,
  "azure-set-disabled": nothing,
  "azure-set-name-invalid": nothing,
  "azure-set-on-deleted-name": softDeleted,
  "azure-get-latest": exists,
  "azure-get-version": {
    arrange(server) {
      const [, second = ""] = ["0", "1", "2"].map(value => server.put("subject", value))
      return { version: second, "value of that version": "1" }
    },
  },
  "azure-get-not-found": nothing,
  "azure-get-disabled": {
    arrange(server) {
      server.put("subject", "the value")
      server.disable("subject")
    },
  },
  "azure-get-after-delete": softDeleted,
  "azure-patch-attributes": exists,
  "azure-delete": exists,
  "azure-delete-not-found": nothing,
  "azure-get-deleted-too-early": {
    async arrange(server) {
      server.put("subject", "the value")
      const path = "/secrets/subject?api-version=7.3"
      expect((await ask(server, { method: "DELETE", path, token: server.token() })).status).toBe(200)
      return {}
    },
  },
  "azure-get-deleted": softDeleted,
  "azure-recover": softDeleted,
  "azure-purge": softDeleted,
  "azure-restore": {
    async arrange(server) {
      server.put("subject", "the value")
      const path = "/secrets/subject/backup?api-version=7.3"
      const { body } = await ask(server, { method: "POST", path, token: server.token() })
      server.remove("subject")
      return { backup: (body as { value: string }).value }
    },
  },
  "azure-backup": exists,
  "azure-list": {
    arrange(server) {
      server.put("subject", "the value")
      server.putCertificate("certificate", { nbf: 1_600_000_000, exp: 1_900_000_000, tags: { tag: "tag03" } })
    },
  },
  "azure-list-page": {
    arrange(server) {
      for (const name of ["subject", "zzz"]) {
        server.put(name, "the value")
        server.softDelete(name)
      }
    },
  },
  "azure-list-versions-page": {
    arrange: server => void ["0", "1", "2"].map(value => server.put("subject", value)),
  },
  "azure-denied-rbac": { ...exists, as: "nobody" },
  "azure-denied-access-policy": { as: "nobody", options: { authorization: "access-policy" } },
  "azure-token-of-another-tenant": { ...exists, as: "another tenant" },
  "azure-throttled": {
    arrange(server) {
      server.put("subject", "the value")
      server.faults.next({ status: 429 })
    },
  },
}

const FIXED: Bindings = {
  vault: VAULT,
  name: "subject",
  certificate: "certificate",
  value: "the value",
  "echo of the request header": "11111111-2222-4333-8444-555555555555",
}

async function asked(recorded: RecordedCase): Promise<string[]> {
  const { options, as, form = false, arrange }: Before = BEFORE[recorded.id] ?? {}
  const server = await startAzure(options)
  onTestFinished(async () => await server.close())
  const bindings: Bindings = { ...FIXED, ...((await arrange?.(server)) as Bindings | undefined) }
  const { method, path, query, body } = recorded.request
  const sent = body === null ? undefined : filled(form ? String(body) : JSON.stringify(body), bindings)
  const search = new URLSearchParams({ ...query, "api-version": query["api-version"]?.split(" | ")[0] ?? "" })
  const token = as === "another tenant" ? "elsewhere" : server.token(as)
  const reply = await ask(server, {
    method,
    path: `${filled(path, { tenant: "00000000-0000-0000-0000-000000000001", ...bindings })}?${search}`,
    host: VAULT,
    headers: { "x-ms-client-request-id": bindings["echo of the request header"] ?? "" },
    ...(sent === undefined ? {} : { body: sent }),
    ...(as === "no token" ? {} : { token }),
  })
  return differences(recorded, reply, bindings)
}

const cases = await recordedCases()
const STRONG = ["recorded", "verified-test"]

casesOf({ backend: "azure", server: "azure stand-in", kind: "recorded" }, () => {
  answersAsIn(cases.filter(({ evidence }) => STRONG.includes(evidence)))
})

describe("what users showed of the answers of Key Vault, without having recorded them", () => {
  answersAsIn(cases.filter(({ evidence }) => !STRONG.includes(evidence)))
})

function answersAsIn(some: readonly RecordedCase[]): void {
  it.for(some.map(one => [one.id, one] as const))("answers as in %s", async ([, recorded]) => {
    expect(await asked(recorded)).toEqual([])
  })
}

describe("the comparison with recorded answers of Key Vault", () => {
  it("knows how to bring about the state before each case, and no other", () => {
    expect(Object.keys(BEFORE).toSorted()).toEqual(cases.map(({ id }) => id).toSorted())
  })

  it("sees another status, code, inner code, text, header or field, and one that is missing or in addition", async () => {
    const planted = (id: string, change: (answer: Record<string, unknown>) => void): RecordedCase => {
      const copy = structuredClone(cases.find(one => one.id === id)) as RecordedCase
      change(copy.answer as unknown as Record<string, unknown>)
      return copy
    }
    const body = (answer: Record<string, unknown>) => answer.body as Record<string, Record<string, unknown>>
    const found = [
      planted("azure-set", answer => Object.assign(answer, { status: 201 })),
      planted("azure-get-disabled", answer => Object.assign(answer, { errorCode: "Disabled" })),
      planted("azure-get-disabled", answer => delete answer.innerError),
      planted("azure-get-deleted-too-early", answer => Object.assign(answer, { message: "Deleted: <name>" })),
      planted("azure-purge", answer => Object.assign(answer, { headers: { "content-type": "text/plain" } })),
      planted("azure-set", answer => Object.assign(body(answer), { managed: true })),
      planted("azure-set", answer => delete body(answer).attributes?.recoverableDays),
      planted("azure-delete", answer => Object.assign(body(answer), { deletedDate: "<text>" })),
      planted("azure-list", answer => (answer.body as { value: unknown[] }).value.pop()),
    ]
    const differ = await Promise.all(found.map(asked))
    expect(differ).toEqual([
      ["status"],
      ["code"],
      ["an inner error"],
      ["message"],
      ["header content-type"],
      ["body.managed is missing"],
      ["body.attributes.recoverableDays in addition"],
      ["body.deletedDate"],
      ["body.value, its length"],
    ])
  })
})
