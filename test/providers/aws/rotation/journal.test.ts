import { afterEach, describe, expect, test, vi } from "vitest"
import { type Answer, awsError, calm, DELETED, errorOf, type Request } from "../play.ts"
import { actionsOf, JOURNAL, journal, made, missing, NAME, sceneOf, version } from "./scene.ts"

afterEach(() => vi.restoreAllMocks())

/** A journal's secret: every version that was put, and which of them reads show as the current one. */
function journalService(behaviour: { current?(versions: readonly string[]): number } = {}) {
  const versions = new Map<string, string>()
  const answer = ({ action, body }: Request): Answer => {
    if (action === "GetSecretValue") {
      const texts = [...versions.values()]
      if (body.VersionId !== undefined) {
        const text = versions.get(String(body.VersionId))
        return text === undefined ? missing : version(text)
      }
      const shown = behaviour.current?.(texts) ?? texts.length - 1
      const text = texts[shown]
      return text === undefined ? missing : version(text)
    }
    const token = String(body.ClientRequestToken)
    if (action === "CreateSecret" && versions.size > 0) return awsError("ResourceExistsException")
    const held = versions.get(token)
    if (held !== undefined && held !== body.SecretString) return awsError("ResourceExistsException")
    versions.set(token, String(body.SecretString))
    return made({ action, body, headers: {} })
  }
  return { answer, versions }
}

const save = (expectSeq: number) => ({ ...calm, expectSeq })

describe("a journal", () => {
  test("is a secret of its own under the reserved segment, which the first write creates with the store's key and tags", async () => {
    const { ledger, server } = await sceneOf(journalService().answer, {
      kmsKeyId: "alias/secrets",
      tags: { team: "billing" },
    })
    await ledger.journals?.save(NAME, journal(), save(0))
    expect(
      server.requests.map(({ action, body: { Name, KmsKeyId, Tags } }) => [action, Name, KmsKeyId, Tags]),
    ).toEqual([["CreateSecret", JOURNAL, "alias/secrets", [{ Key: "team", Value: "billing" }]]])
  })

  test("of a name that leaves no room for more is under the beginning of it", async () => {
    const name = `a/${"b".repeat(500)}`
    const { ledger, server } = await sceneOf(journalService().answer, { rename: { long: name } })
    await ledger.journals?.save("long", journal(), save(0))
    expect(await ledger.journals?.load("long", calm)).toMatchObject({ journal: { seq: 1 } })
    const used = new Set(server.requests.map(({ body }) => String(body.Name ?? body.SecretId)))
    expect(used.size).toBe(1)
    for (const one of used) {
      expect(one).toMatch(/^latchkey\/rotation\/a\/b+\/[0-9a-f-]{36}$/)
      expect(one.length).toBeLessThanOrEqual(512)
    }
  })

  test("is written by one read and one write, under a token that others derive as well", async () => {
    const service = journalService()
    const { ledger, server } = await sceneOf(service.answer)
    await ledger.journals?.save(NAME, journal(), save(0))
    await ledger.journals?.save(NAME, journal({ seq: 2 }), save(1))
    expect(actionsOf(server)).toEqual(["CreateSecret", "GetSecretValue", "PutSecretValue"])
    const lost = await errorOf(
      (await sceneOf(service.answer)).ledger.journals?.save(
        NAME,
        journal({ seq: 2, owner: "other" }),
        save(1),
      ) ?? Promise.resolve(),
    )
    expect([lost.code, lost.outcome]).toEqual(["CONFLICT", undefined])
  })

  test("is put where it was looked at, so that one that was made anew meanwhile is not written to", async () => {
    const service = journalService()
    const { ledger, server } = await sceneOf(service.answer)
    await ledger.journals?.save(NAME, journal(), save(0))
    await ledger.journals?.save(NAME, journal({ seq: 2 }), save(1))
    expect(server.requests.at(-1)?.body.SecretId).toMatch(/^arn:aws:secretsmanager:.*-AbCdEf$/)
  })

  test("is the newest one, also where a read shows an older one as the current one", async () => {
    let lag = 0
    const service = journalService({ current: ({ length }) => length - 1 - lag })
    const { ledger } = await sceneOf(service.answer)
    for (let seq = 1; seq <= 4; seq++)
      await ledger.journals?.save(NAME, journal({ seq, owner: `nonce-${seq}` }), save(seq - 1))
    lag = 3
    expect((await ledger.journals?.load(NAME, calm))?.journal?.owner).toBe("nonce-4")
    await ledger.journals?.save(NAME, journal({ seq: 5 }), save(4))
    const late = ledger.journals?.save(NAME, journal({ seq: 5, owner: "late" }), save(4))
    expect((await errorOf(late ?? Promise.resolve())).code).toBe("CONFLICT")
    expect((await ledger.journals?.load(NAME, calm))?.journal?.seq).toBe(5)
  })

  test("is refused to whoever does not see the number that is to be followed", async () => {
    const { ledger, server } = await sceneOf(journalService().answer)
    await ledger.journals?.save(NAME, journal(), save(0))
    for (const expectSeq of [2, 7]) {
      const error = await errorOf(
        ledger.journals?.save(NAME, journal({ seq: expectSeq + 1 }), save(expectSeq)) ?? Promise.resolve(),
      )
      expect(error.code).toBe("CONFLICT")
    }
    expect(server.count("PutSecretValue")).toBe(0)
  })

  test("is looked at again by whoever was stopped between the look and the write", async () => {
    const service = journalService()
    let [monotonic, wall] = [0, 0]
    vi.spyOn(performance, "now").mockImplementation(() => monotonic)
    vi.spyOn(Date, "now").mockImplementation(() => 1_795_000_000_000 + wall)
    for (const sleep of ["stopped", "the machine slept"] as const) {
      service.versions.clear()
      let stopped = false
      const { ledger, server } = await sceneOf(async request => {
        const answer = service.answer(request)
        if (request.action === "GetSecretValue" && !stopped) {
          stopped = true
          wall += 86_400_000
          if (sleep === "stopped") monotonic += 86_400_000
          // While it stands still somebody goes on, and after a day the service has forgotten the versions before.
          const text = `{"journal":${JSON.stringify(journal({ seq: 9, owner: "newer" }))},"claims":[]}`
          service.versions.clear()
          service.versions.set("00000000-0000-4000-8000-000000000009", text)
        }
        return answer
      })
      await ledger.journals?.save(NAME, journal(), save(0))
      const error = await errorOf(
        ledger.journals?.save(NAME, journal({ seq: 2 }), save(1)) ?? Promise.resolve(),
      )
      expect([error.code, server.count("PutSecretValue")]).toEqual(["CONFLICT", 0])
    }
  })

  test("goes into a secret that somebody has made for it and given no value, once", async () => {
    let text: unknown
    const answer = ({ action, body, headers }: Request): Answer => {
      if (action === "CreateSecret") return awsError("ResourceExistsException")
      if (action === "GetSecretValue") return text === undefined ? missing : version(String(text))
      if (text !== undefined && text !== body.SecretString) return awsError("ResourceExistsException")
      text = body.SecretString
      return made({ action, body, headers })
    }
    const { ledger, server } = await sceneOf(answer)
    await ledger.journals?.save(NAME, journal(), save(0))
    const tokens = server.requests.map(({ body }) => body.ClientRequestToken)
    expect(tokens[0]).toBe(tokens[2])
    const late = ledger.journals?.save(NAME, journal({ owner: "late" }), save(0))
    expect((await errorOf(late ?? Promise.resolve())).code).toBe("CONFLICT")
  })

  test("that was deleted is told as that, and not as a race that is lost every time", async () => {
    const { ledger } = await sceneOf(() => awsError("InvalidRequestException", DELETED))
    const error = await errorOf(ledger.journals?.load(NAME, calm) ?? Promise.resolve())
    expect([error.code, error.hint]).toEqual([
      "DISABLED",
      `aws secretsmanager restore-secret --secret-id ${JOURNAL} brings it back`,
    ])
  })

  test("tells the time of the service", async () => {
    const service = journalService()
    const { ledger } = await sceneOf(request => ({
      ...service.answer(request),
      headers: { date: "Thu, 01 Jan 2026 00:00:00 GMT" },
    }))
    await ledger.journals?.save(NAME, journal(), save(0))
    expect((await ledger.journals?.load(NAME, calm))?.at).toBe(Date.UTC(2026, 0, 1))
  })

  test.for([
    ["a look before the write that fails", "GetSecretValue", undefined],
    ["a write whose answer is lost", "PutSecretValue", "unknown"],
  ] as const)("knows of %s what became of it", async ([, failing, outcome]) => {
    const service = journalService()
    const { ledger, server } = await sceneOf(request => {
      const answer = service.answer(request)
      return request.action === failing ? { reset: true } : answer
    })
    await ledger.journals?.save(NAME, journal(), save(0))
    const error = await errorOf(
      ledger.journals?.save(NAME, journal({ seq: 2 }), save(1)) ?? Promise.resolve(),
    )
    expect([error.code, error.outcome, server.count(failing)]).toEqual(["UNAVAILABLE", outcome, 1])
  })
})

describe("the rotations of a day", () => {
  const HOUR = 3_600_000
  /** A service whose clock is that of the test. */
  async function day(rotationsPerDay?: number) {
    const service = journalService()
    const clock = { now: Date.UTC(2026, 0, 1) }
    const { ledger } = await sceneOf(
      request => ({ ...service.answer(request), headers: { date: new Date(clock.now).toUTCString() } }),
      { rotationsPerDay },
    )
    let seq = 0
    const write = async (change: Parameters<typeof journal>[0]) => {
      await ledger.journals?.save(NAME, journal({ seq: seq + 1, ...change }), save(seq))
      seq += 1
    }
    const rotate = async (change: Parameters<typeof journal>[0] = {}) => {
      await write({ state: "claimed", ...change })
      // A replica that takes it over claims nothing new.
      await write({ state: "claimed", owner: "other" })
      await write({ state: "idle" })
    }
    return { clock, rotate, write }
  }

  test("are bounded where the next one would begin, and by the clock of the service", async () => {
    const { clock, rotate, write } = await day()
    await write({ state: "idle" })
    for (let times = 0; times < 8; times++) {
      await rotate()
      clock.now += HOUR
    }
    const error = await errorOf(rotate())
    expect([error.code, error.transient, error.outcome, error.retryAfterMs]).toEqual([
      "THROTTLED",
      false,
      undefined,
      16 * HOUR,
    ])
    await rotate({ compromised: true })
    clock.now += 17 * HOUR
    await rotate()
    expect((await errorOf(rotate())).retryAfterMs).toBe(HOUR)
  })

  test("are as many as the option says", async () => {
    const { rotate, write } = await day(2)
    await write({ state: "idle" })
    await rotate()
    await rotate()
    expect((await errorOf(rotate())).code).toBe("THROTTLED")
  })
})
