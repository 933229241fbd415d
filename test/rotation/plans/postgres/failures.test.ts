import { describe, expect, it } from "vitest"
import {
  loginFailure,
  postgresFailure,
  refusesLogin,
} from "../../../../src/rotation/plans/postgres/failures.ts"
import { newCanary } from "../../../support/canary.ts"

/** An error as the package `pg` makes it: it quotes what it was asked, and knows where in the server it came from. */
function serverError(code: unknown, text: string, routine?: string): Error {
  return Object.assign(new Error(`failed: ${text}`), {
    code,
    routine,
    detail: text,
    hint: text,
    internalQuery: text,
  })
}

describe("a failure of PostgreSQL", () => {
  it.each([
    ["LKF01", "CONFLICT", /came too late/],
    ["28P01", "UNAUTHENTICATED", /password of the account that changes passwords/],
    ["28000", "UNAUTHENTICATED", /does not let in the account/],
    ["42501", "DENIED", /may not do it/],
    ["42704", "MISCONFIGURED", /no user of this name/],
    ["3D000", "MISCONFIGURED", /no database of this name/],
    ["25006", "MISCONFIGURED", /read-only/],
    ["53300", "UNAVAILABLE", /no connection left/],
    ["55P03", "UNAVAILABLE", /holds a lock/],
    ["57014", "TIMEOUT", /cancelled/],
    ["42P01", "MISCONFIGURED", /create table fences \(secret text primary key/],
    ["42703", "MISCONFIGURED", /create table fences \(/],
    ["42P10", "MISCONFIGURED", /create table fences \(/],
    ["57P03", "UNAVAILABLE", /SQLSTATE 57P03/],
    ["XX000", "UNAVAILABLE", /SQLSTATE XX000/],
    ["ECONNREFUSED", "UNAVAILABLE", /nobody listens/],
    ["ETIMEDOUT", "UNAVAILABLE", /cannot be reached/],
    ["self-made", "UNAVAILABLE", /a way that it does not name/],
    [42, "UNAVAILABLE", /a way that it does not name/],
  ])("with the code %s is %s, and quotes nothing", (code, ours, message) => {
    const canary = newCanary()
    const error = canary.watch(postgresFailure(serverError(code, canary.text), "db/url", "fences"))
    expect(error).toMatchObject({
      code: ours,
      secret: "db/url",
      store: "postgres",
      message: expect.stringMatching(message),
    })
    expect(error.cause).toBeUndefined()
  })

  it("of a step that came too late says which row to delete where its journal was removed", () => {
    const late = serverError("LKF01", "")
    expect(postgresFailure(late, "db/url", "fences").hint).toMatch(
      /delete from fences where secret = 'db\/url'$/,
    )
    expect(postgresFailure(late, "db/url", "fences", "prod's").hint).toMatch(/where secret = 'prod''s'$/)
  })

  it("may be anything that can be thrown", () => {
    const hostile = {
      get code(): string {
        throw new Error("no code")
      },
    }
    for (const thrown of [undefined, null, "text", 7, hostile])
      expect(postgresFailure(thrown, "db/url", "fences")).toMatchObject({ code: "UNAVAILABLE" })
  })
})

describe("a login that failed", () => {
  it("was refused for its password, or because the user may not log in", () => {
    expect(refusesLogin(serverError("28P01", "", "auth_failed"))).toBe(true)
    expect(refusesLogin(serverError("28000", "", "InitializeSessionUserId"))).toBe(true)
    expect(refusesLogin(serverError("28000", ""))).toBe(true)
  })

  it("was not refused for them, where the host is not let in, or nobody answers", () => {
    const noEntry = serverError("28000", "", "ClientAuthentication")
    expect(refusesLogin(noEntry)).toBe(false)
    expect(loginFailure(noEntry, "db/url", "fences")).toMatchObject({
      code: "DENIED",
      hint: expect.stringMatching(/pg_hba\.conf/),
    })
    for (const code of ["57P03", "53300", "ECONNREFUSED", undefined])
      expect(refusesLogin(serverError(code, ""))).toBe(false)
  })
})
