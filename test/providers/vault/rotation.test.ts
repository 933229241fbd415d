import { vault } from "latchkey/vault"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { calm, errorOf } from "../calls.ts"
import { journalOf, promotion } from "./rotation-rig.ts"
import { kv2Answer, type Played, playedServer, refusal, type Seen, withMount } from "./server.ts"

const auth = { method: "token", token: "hvs.test" } as const
const JOURNAL = "secret/data/latchkey/rotation/tally/journal"
const CANDIDATE = "secret/data/latchkey/rotation/tally/r1"
const DAY = 24 * 3_600_000

/** A ledger of a server that answers as it is told; what it is not told of is not there. */
async function start(answers: Readonly<Record<string, (request: Seen) => Played>>) {
  const server = await playedServer(
    withMount(request => answers[`${request.method} ${request.path}`]?.(request) ?? refusal(404)),
  )
  const store = vault({ kv: 2, address: server.url, auth })
  onTestFinished(() => store.close())
  const ledger = store.rotation()
  const { journals } = ledger
  if (journals === undefined) throw new Error("the ledger keeps no journals")
  return { server, ledger, journals }
}

/** Hears the request, and never answers. */
const lost = (request: Seen): Played => {
  request.socket.destroy()
  return "never"
}

const kept = (value: string): Played => kv2Answer({ value })
const written = (version: number): Played => ({
  json: { data: { version, created_time: "", deletion_time: "" } },
})
const about = (more: object = {}): Played => ({
  json: {
    data: {
      current_version: 1,
      created_time: "2026-01-01T00:00:00Z",
      max_versions: 0,
      versions: { 1: { created_time: "2026-01-01T00:00:00Z", deletion_time: "", destroyed: false } },
      ...more,
    },
  },
})
const CONFIG = "GET secret/config"
const config = (more: object = {}): Played => ({
  json: { data: { max_versions: 0, delete_version_after: "0s", ...more } },
})

describe("an answer that is lost", () => {
  const promote = {
    "GET secret/metadata/tally": () => about(),
    [`GET ${CANDIDATE}`]: () => kept("two"),
    [CONFIG]: () => config(),
    "POST secret/data/tally": () => written(2),
  }
  const CASES: readonly (readonly [
    what: string,
    call: "save" | "park" | "discard" | "promote",
    answers: Readonly<Record<string, (request: Seen) => Played>>,
    outcome: "unknown" | undefined,
  ])[] = [
    [
      "to the write of a journal",
      "save",
      {
        "POST secret/metadata/latchkey/rotation/tally/journal": () => ({ status: 204 }),
        [`POST ${JOURNAL}`]: lost,
      },
      "unknown",
    ],
    ["to the reading before a journal is written", "save", { [`GET ${JOURNAL}`]: lost }, undefined],
    [
      "to how many versions are kept of a journal",
      "save",
      { "POST secret/metadata/latchkey/rotation/tally/journal": lost },
      undefined,
    ],
    ["to a candidate", "park", { [`POST ${CANDIDATE}`]: lost }, "unknown"],
    [
      "to the reading of a candidate that was there",
      "park",
      {
        [`POST ${CANDIDATE}`]: () =>
          refusal(400, "check-and-set parameter did not match the current version"),
        [`GET ${CANDIDATE}`]: lost,
      },
      undefined,
    ],
    [
      "to the removal of a candidate",
      "discard",
      { "DELETE secret/metadata/latchkey/rotation/tally/r1": lost },
      "unknown",
    ],
    ["to a promotion", "promote", { ...promote, "POST secret/data/tally": lost }, "unknown"],
    [
      "to a question before a promotion",
      "promote",
      { ...promote, "GET secret/metadata/tally": lost },
      undefined,
    ],
    ["to the question for the mount", "promote", { ...promote, [CONFIG]: lost }, undefined],
    [
      "to the copy of the former value",
      "promote",
      {
        ...promote,
        [CONFIG]: () => config({ max_versions: 1 }),
        "GET secret/data/tally": () => kept("one"),
        [`POST ${CANDIDATE}/version-1`]: lost,
      },
      undefined,
    ],
  ]

  test.for(CASES)("%s says what may have been done, and is asked once", async ([
    ,
    call,
    answers,
    outcome,
  ]) => {
    const canary = newCanary()
    const { server, ledger, journals } = await start(answers)
    canary.watch(ledger)
    const error = canary.watch(
      await errorOf(
        {
          save: () => journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 }),
          park: () => ledger.park("tally", { ...calm, rotationId: "r1", value: canary.text }),
          discard: () => ledger.discard("tally", { ...calm, rotationId: "r1" }),
          promote: () => ledger.promote("tally", promotion("r1", canary.text, "1")),
        }[call],
      ),
    )
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", outcome])
    const last = server.asked.at(-1)
    expect(server.asked.filter(asked => asked === last)).toHaveLength(1)
    expect(answers[last ?? ""]).toBe(lost)
  })
})

test("a secret that changes in the last moment is refused by the engine, with a hint for who keeps it", async () => {
  const canary = newCanary()
  const { ledger } = await start({
    "GET secret/metadata/tally": () => about(),
    [`GET ${CANDIDATE}`]: () => kept(canary.text),
    [CONFIG]: () => config(),
    "POST secret/data/tally": () => refusal(400, "check-and-set parameter did not match the current version"),
  })
  const error = canary.watch(await errorOf(ledger.promote("tally", promotion("r1", canary.text, "1"))))
  expect([error.code, error.outcome, error.hint]).toEqual([
    "CONFLICT",
    undefined,
    expect.stringContaining("nothing was written over"),
  ])
})

test("a save reads the journal again each time, and writes over the version that it read", async () => {
  let version = 4
  let journal = journalOf(7)
  const { server, journals } = await start({
    [`GET ${JOURNAL}`]: () => kv2Answer({ value: JSON.stringify(journal) }, { version }),
    [`POST ${JOURNAL}`]: () => written(version + 1),
  })
  await journals.save("tally", journalOf(8), { ...calm, expectSeq: 7 })
  // Somebody else has written in between.
  version = 9
  journal = journalOf(12)
  expect((await errorOf(journals.save("tally", journalOf(9), { ...calm, expectSeq: 8 }))).code).toBe(
    "CONFLICT",
  )
  await journals.save("tally", journalOf(13), { ...calm, expectSeq: 12 })
  const posts = server.seen.filter(({ method, path }) => method === "POST" && path === JOURNAL)
  expect(posts.map(({ body }) => (body as { options?: unknown }).options)).toEqual([{ cas: 4 }, { cas: 9 }])
})

describe("how many versions are kept of a journal", () => {
  const PATH = "POST secret/metadata/latchkey/rotation/tally/journal"
  const save = { [`POST ${JOURNAL}`]: () => written(1) }

  test.for([
    ["is set before the first one", { json: {} }],
    ["is left as it is by who may not set it", refusal(403, "1 error occurred:\n\t* permission denied\n\n")],
    ["is left as it is where metadata has versions of its own", refusal(400, "metadata_cas is required")],
  ] as const)("%s", async ([, answer]) => {
    const { server, journals } = await start({ ...save, [PATH]: () => answer })
    await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
    expect(server.asked.slice(-2)).toEqual([PATH, `POST ${JOURNAL}`])
    expect(server.seen.at(-2)?.body).toEqual({ max_versions: 5 })
  })

  test.for([
    ["a server that is sealed", refusal(503, "Vault is sealed"), "UNAVAILABLE"],
    ["a dead token", refusal(403, "invalid token"), "UNAUTHENTICATED"],
    ["a limit of requests", refusal(429), "THROTTLED"],
  ] as const)("fails with %s, and no journal is written", async ([, answer, code]) => {
    const { server, journals } = await start({ ...save, [PATH]: () => answer })
    const error = await errorOf(journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 }))
    expect([error.code, error.outcome]).toEqual([code, undefined])
    expect(server.asked).not.toContain(`POST ${JOURNAL}`)
  })
})

describe("a journal that the mount will delete by its age", () => {
  const UNDELETE = "POST secret/undelete/latchkey/rotation/tally/journal"
  const dated = (created: number, ends: number) => () =>
    kv2Answer(
      { value: JSON.stringify(journalOf(3)) },
      {
        version: 3,
        created_time: new Date(Date.now() + created * DAY).toISOString(),
        deletion_time: new Date(Date.now() + ends * DAY).toISOString(),
      },
    )

  test("is given its time anew by whoever loads it, when little is left of it", async () => {
    const { server, journals } = await start({
      [`GET ${JOURNAL}`]: dated(-28, 2),
      [UNDELETE]: () => ({ status: 204 }),
    })
    expect((await journals.load("tally", calm)).journal?.seq).toBe(3)
    expect(server.asked).toContain(UNDELETE)
    expect(server.seen.at(-1)?.body).toEqual({ versions: [3] })
  })

  test("is left alone while there is time", async () => {
    const { server, journals } = await start({ [`GET ${JOURNAL}`]: dated(-20, 10) })
    expect((await journals.load("tally", calm)).journal?.seq).toBe(3)
    expect(server.asked).toEqual([`GET ${JOURNAL}`])
  })

  test("is not loaded by who may not keep it alive, with the rule that is lacking", async () => {
    const { journals } = await start({
      [`GET ${JOURNAL}`]: dated(-28, 2),
      [UNDELETE]: () => refusal(403, "1 error occurred:\n\t* permission denied\n\n"),
    })
    const error = await errorOf(journals.load("tally", calm))
    expect([error.code, error.hint]).toEqual([
      "DENIED",
      expect.stringContaining(
        'path "secret/undelete/latchkey/rotation/tally/journal" { capabilities = ["update"] }',
      ),
    ])
  })
})

test("a time that the server does not give, or gives in words, is none", async () => {
  const text = JSON.stringify(kv2Answer({ value: JSON.stringify(journalOf(1)) }))
  for (const [date, at] of [
    [undefined, undefined],
    ["yesterday", undefined],
    ["Thu, 26 Nov 2026 04:00:00 GMT", Date.UTC(2026, 10, 26, 4)],
  ] as const) {
    const { json } = JSON.parse(text) as { json: unknown }
    const transport = {
      send: () => Promise.resolve({ status: 200, headers: { date }, body: JSON.stringify(json) }),
    }
    const store = vault({ kv: 2, address: "http://127.0.0.1:1", auth, transport })
    expect((await store.rotation().journals?.load("tally", calm))?.at).toBe(at)
    await store.close()
  }
})

describe("what a policy refuses in the middle of a rotation", () => {
  const rule = (path: string, capabilities: string) =>
    expect.stringContaining(`path "secret/${path}" { capabilities = [${capabilities}] }`)

  test("is DENIED with the rule that it needs", async () => {
    const server = await playedServer(
      withMount(() => refusal(403, "1 error occurred:\n\t* permission denied\n\n")),
    )
    const store = vault({ kv: 2, address: server.url, auth })
    const ledger = store.rotation()
    for (const [call, hint] of [
      [() => ledger.journals?.load("tally", calm), rule("data/latchkey/rotation/tally/journal", '"read"')],
      [
        () => ledger.park("tally", { ...calm, rotationId: "r1", value: "v" }),
        rule("data/latchkey/rotation/tally/r1", '"create", "update"'),
      ],
      [
        () => ledger.kept("tally", { ...calm, rotationId: "r1" }),
        rule("data/latchkey/rotation/tally/r1", '"read"'),
      ],
      [
        () => ledger.discard("tally", { ...calm, rotationId: "r1" }),
        rule("metadata/latchkey/rotation/tally/r1/", '"list"'),
      ],
      [() => ledger.promote("tally", promotion("r1", "v")), rule("data/tally", '"create", "update"')],
    ] as const) {
      const error = await errorOf(call as () => Promise<unknown>)
      expect([error.code, error.hint]).toEqual(["DENIED", hint])
    }
    await store.close()
  })
})
