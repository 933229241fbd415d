import { describe, expect, it } from "vitest"
import { type PostgresFormat, storedLogins } from "../../../../src/rotation/plans/postgres/stored-login.ts"
import { expectNoLeak, newCanary } from "../../../support/canary.ts"

const TEMPLATE = "postgres://{username}:{password}@db.internal:5432/app?sslmode=verify-full"
const login = { user: 'a"b; drop@/', password: "p:w@d/%?#" }

function thrownBy(act: () => unknown): Error {
  try {
    act()
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error("it was not refused")
}

describe("a login in a secret", () => {
  it.each<[PostgresFormat, string | undefined]>([
    ["json", undefined],
    ["json", '{"username":"x","password":"y"}'],
    ["url", "postgres://x:y@db.internal/app"],
    [TEMPLATE, undefined],
  ])("is read as it was written: %s", (format, current) => {
    const logins = storedLogins(format)
    expect(logins.read(logins.write(login, current))).toEqual(login)
  })

  it("leaves the other fields of a JSON object as they are, also long numbers", () => {
    const current = '{"host":"db","username":"a","port":5432,"password":"b","id":12345678901234567890}'
    expect(storedLogins("json").write({ user: "c", password: "d" }, current)).toBe(
      '{"host":"db","username":"c","port":5432,"password":"d","id":12345678901234567890}',
    )
  })

  it("leaves the rest of a connection string as it is, also several hosts", () => {
    const current = "postgresql://a:b@one:5432,two:5433/app?target_session_attrs=read-write#x"
    expect(storedLogins("url").write({ user: "c", password: "d" }, current)).toBe(
      "postgresql://c:d@one:5432,two:5433/app?target_session_attrs=read-write#x",
    )
  })

  it("stands in the connection string that is given, whatever stood there", () => {
    expect(storedLogins(TEMPLATE).write({ user: "c", password: "d e" }, "postgres://a:b@elsewhere/app")).toBe(
      "postgres://c:d%20e@db.internal:5432/app?sslmode=verify-full",
    )
  })

  it("is read from bytes that are JSON, too", () => {
    expect(storedLogins("json").read(Buffer.from('{"username":"a","password":"b"}'))).toEqual({
      user: "a",
      password: "b",
    })
  })

  it.each<[PostgresFormat, (odd: string) => string | Uint8Array]>([
    ["json", odd => odd],
    ["json", odd => `["${odd}"]`],
    ["json", odd => `{"username":"${odd}"}`],
    ["json", odd => `{"username":"","password":"${odd}"}`],
    ["json", odd => `{"username":7,"password":"${odd}"}`],
    ["json", () => "7"],
    ["url", odd => odd],
    ["url", odd => `postgres://${odd}@db/app`],
    ["url", odd => `postgres://:${odd}@db/app`],
    ["url", odd => `postgres://u:${odd}%zz@db/app`],
    ["url", odd => `postgres://u:a b${odd}@db/app`],
    [TEMPLATE, odd => Buffer.from(`postgres://u:${odd}@db/app`)],
  ])("is not guessed from what does not have the form: %s", (format, odd) => {
    const canary = newCanary()
    const error = thrownBy(() => storedLogins(format).read(odd(canary.text)))
    expect(error).toMatchObject({ code: "INVALID_VALUE", message: expect.stringMatching(/have the form/) })
    expectNoLeak(canary, error)
  })

  it("is not written into what is not there", () => {
    const { write } = storedLogins("url")
    for (const current of [undefined, "no url"])
      expect(thrownBy(() => write(login, current))).toMatchObject({
        code: "INVALID_VALUE",
        hint: expect.stringMatching(/store the first one by hand/),
      })
  })

  it.each([
    "yaml",
    "postgres://{password}:{username}@db/app",
    "postgres://{username}@db/app",
    "postgres://app:secret@db/app",
    "{username}:{password}",
    7,
    undefined,
  ])("has a format that is one: not %s", format => {
    expect(thrownBy(() => storedLogins(format as PostgresFormat))).toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringMatching(/format of postgresPassword\(\)/),
    })
  })
})
