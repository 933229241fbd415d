import { type GcpClient, gcp } from "latchkey/gcp"
import { describe, expect, it, test } from "vitest"
import { calm, errorOf } from "../support.ts"

const NAME = "tally/api-token"
const WHOLE = "projects/1/secrets/tally--api-token"

/** The ledger of a store on a client that answers as it is told, whatever it is asked. */
function ledgerOn(answers: Partial<Record<keyof GcpClient, unknown>>, version?: string) {
  const methods = Object.entries(answers).map(([method, answer]) => [
    method,
    async (): Promise<unknown> => {
      if (answer instanceof Error) throw answer
      return [answer]
    },
  ])
  const client = Object.fromEntries(methods) as unknown as GcpClient
  return gcp({ project: "my-project", client, ...(version !== undefined && { version }) }).rotation()
}

const status = (code: number) => Object.assign(new Error("a status"), { code, details: "" })

describe("a ledger whose service answers oddly", () => {
  it("leaves open what became of a version whose number it was not told", async () => {
    const ledger = ledgerOn({
      createSecret: {},
      addSecretVersion: { name: "projects/1/secrets/other/versions/1" },
    })
    const error = await errorOf(ledger.park(NAME, { ...calm, rotationId: "r1", value: "a value" }))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  })

  it("takes no value of another version, or of another secret, for the one that was asked for", async () => {
    const payload = { data: Buffer.from("a value") }
    for (const name of [`${WHOLE}/versions/7`, "projects/1/secrets/other/versions/1"]) {
      const ledger = ledgerOn({ accessSecretVersion: { name, payload } })
      const asked = { ...calm, rotationId: "r1", reference: "1" }
      expect((await errorOf(ledger.kept(NAME, asked))).code).toBe("UNAVAILABLE")
    }
    const current = ledgerOn({ accessSecretVersion: { name: `${WHOLE}/versions/latest`, payload } }).current
    expect((await errorOf(current?.(NAME, calm) ?? Promise.resolve())).code).toBe("UNAVAILABLE")
  })

  test.for([
    [{ state: 3 }, undefined],
    [{ state: "DISABLED", scheduledDestroyTime: { seconds: "1" } }, undefined],
    [status(5), undefined],
    [{ state: "DISABLED" }, "DISABLED"],
    [{ state: "ENABLED" }, "DISABLED"],
  ] as const)("knows a version that is destroyed, or is about to be, from one that can be had back: %o", async ([
    version,
    code,
  ]) => {
    const ledger = ledgerOn({ accessSecretVersion: status(9), getSecretVersion: version })
    const asked = ledger.kept(NAME, { ...calm, rotationId: "r1", reference: "1" })
    if (code === undefined) expect(await asked).toBeUndefined()
    else expect((await errorOf(asked)).code).toBe(code)
  })

  it("leaves a secret alone that the service rotates itself", async () => {
    for (const secretType of ["CLOUD_SQL_DB_CREDENTIALS", 1]) {
      const error = await errorOf(
        ledgerOn({ getSecret: { name: WHOLE, etag: '"1"', secretType } }).check(NAME, calm),
      )
      expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("leave it")])
    }
    await ledgerOn({ getSecret: { name: WHOLE, etag: '"1"', secretType: "OTHER" } }).check(NAME, calm)
  })

  it("has no current value where the alias names a version that is gone, and none to read where it is off", async () => {
    const secret = { name: WHOLE, etag: '"1"', versionAliases: { current: { low: 7, toString: () => "7" } } }
    const both = { getSecret: secret, updateSecret: secret }
    const gone = ledgerOn({ ...both, accessSecretVersion: status(5) }, "current")
    expect(await gone.current?.(NAME, calm)).toBeUndefined()
    const off = ledgerOn({ ...both, accessSecretVersion: status(9) }, "current")
    expect((await errorOf(off.current?.(NAME, calm) ?? Promise.resolve())).code).toBe("DISABLED")
  })

  it("creates no secret in a project that is not there, and says what it is about", async () => {
    const ledger = ledgerOn({ getSecret: status(5), createSecret: status(3) })
    const journal = { schema: 1, seq: 1, state: "claimed", owner: "x", leaseUntil: 0, attempt: 0 } as const
    const saved = ledger.journals?.save(NAME, journal, { ...calm, expectSeq: 0 }) ?? Promise.resolve()
    expect(await errorOf(saved)).toMatchObject({ code: "MISCONFIGURED" })
  })
})
