import { EventEmitter } from "node:events"
import { describe, expect, it } from "vitest"
import type { GeneratedPlan } from "../../../../src/rotation/plan.ts"
import {
  type PostgresConnect,
  type PostgresConnection,
  postgresPassword,
} from "../../../../src/rotation/plans/postgres/index.ts"
import { fenced, identifier, literal } from "../../../../src/rotation/plans/postgres/statements.ts"
import { expectNoLeak, newCanary } from "../../../support/canary.ts"
import { eventually } from "../../../support/eventually.ts"
import { applyContext, makeContext, stepContext } from "../contexts.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const
const client = { query: async () => ({ rows: [] }) }
const connect: PostgresConnect = async () => ({ ...client, end: async () => undefined })
const users = ["app_a", "app_b"] as const

const plan = (more: object = {}): GeneratedPlan =>
  postgresPassword({ client, connect, users, consumers, ...more } as never)

function thrownBy(act: () => unknown): Error {
  try {
    act()
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error("it was not refused")
}

describe("the options of postgresPassword()", () => {
  it.each([
    [{ usres: users }, /"usres" that does not exist/],
    [{ users: undefined }, /neither one user nor two/],
    [{ user: "app" }, /neither one user nor two/],
    [{ users: undefined, user: "app", endSessions: true }, /endSessions belongs to two/],
    [{ users: ["app_a"] }, /not two different ones/],
    [{ users: ["app_a", "app_a"] }, /not two different ones/],
    [{ users: ["a", "b", "c"] }, /not two different ones/],
    [{ users: "ab" }, /not two different ones/],
    [{ users: ["app_a", ""] }, /no name that PostgreSQL takes/],
    [{ users: ["app_a", "b\0"] }, /no name that PostgreSQL takes/],
    [{ users: ["app_a", "\ud800"] }, /no name that PostgreSQL takes/],
    [{ users: ["app_a", "ß".repeat(32)] }, /no name that PostgreSQL takes/],
    [{ users: undefined, user: 7 }, /no name that PostgreSQL takes/],
    [{ client: {} }, /client.query of postgresPassword\(\) was given no function/],
    [{ client: undefined }, /client.query of postgresPassword\(\) was given no function/],
    [{ connect: "postgres://" }, /connect of postgresPassword\(\) was given no function/],
    [{ format: "yaml" }, /format of postgresPassword/],
    [{ fenceTable: 'a"; drop' }, /fenceTable of postgresPassword\(\) is no plain name/],
    [{ fencedAs: "" }, /fencedAs of postgresPassword\(\) is no name/],
    [{ fencedAs: 7 }, /fencedAs of postgresPassword\(\) is no name/],
    [{ endSessions: "yes" }, /endSessions of postgresPassword\(\) is neither true nor false/],
    [{ fenceTable: 7 }, /fenceTable of postgresPassword\(\) is no plain name/],
  ])("%j are refused", (more, message) => {
    expect(thrownBy(() => plan(more))).toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringMatching(message),
    })
  })

  it("are told from each other by what the plan is", () => {
    expect(plan()).toMatchObject({ kind: "generated", overlap: true, fenced: true })
    expect(plan({ users: undefined, user: "app" })).toMatchObject({ overlap: false, fenced: true })
  })

  it("say what the account that rotates needs", () => {
    expect(plan({ endSessions: true, fenceTable: "operations.fences" }).needs).toEqual([
      'CREATEROLE, and "app_a" and "app_b" granted WITH ADMIN OPTION',
      "select, insert, update on operations.fences",
      "membership in pg_signal_backend",
    ])
    expect(plan().needs?.at(-1)).toBe("membership in pg_signal_backend, for --compromised")
    expect(plan({ endSessions: false }).needs).toHaveLength(2)
  })
})

describe("the next user", () => {
  const loginOf = (username: string) => ({ value: JSON.stringify({ username, password: "in use" }) })

  it.each([
    [undefined, "app_a"],
    [loginOf("app_a"), "app_b"],
    [loginOf("app_b"), "app_a"],
    [loginOf("made_before"), "app_a"],
  ])("after %j is %s", async (current, next) => {
    const made = await plan().create(makeContext({ current }))
    expect(made.id).toBe(next)
    expect(JSON.parse(String(made.value))).toEqual({
      username: next,
      password: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  it("is not guessed when nobody can say which one is in use", async () => {
    const canary = newCanary()
    const current = { value: canary.text, id: "app_a" }
    const thrown = await plan()
      .create(makeContext({ current }))
      .catch((reason: unknown) => reason)
    expect(canary.watch(thrown)).toMatchObject({ code: "INVALID_VALUE" })
  })
})

describe("a look at a login", () => {
  const made = { value: JSON.stringify({ username: "app_a", password: "some password" }) }

  /** A connection that does not answer until it is closed. */
  class Hanging extends EventEmitter implements PostgresConnection {
    ended = 0
    asked = 0
    #fail: (reason: Error) => void = () => undefined

    async query(): Promise<never> {
      this.asked++
      return await new Promise((_, reject) => {
        this.#fail = reject
      })
    }

    async end(): Promise<void> {
      this.ended++
      this.#fail(new Error("Connection terminated"))
    }
  }

  it("ends with its step, and closes the connection that does not answer", async () => {
    const connection = new Hanging()
    const step = new AbortController()
    const verdict = plan({ connect: async () => connection }).verify(
      made,
      stepContext({ signal: step.signal }),
    )
    const outcome = expect(verdict).rejects.toMatchObject({ code: "ABORTED" })
    await eventually(() => expect(connection.asked).toBe(1))
    step.abort()
    await outcome
    expect(connection.ended).toBeGreaterThan(0)
  })

  it("closes a connection that opens only after its step has ended, and asks it nothing", async () => {
    const connection = new Hanging()
    let open: (connection: PostgresConnection) => void = () => undefined
    const opening = new Promise<PostgresConnection>(resolve => {
      open = resolve
    })
    const step = new AbortController()
    const verdict = plan({ connect: () => opening }).verify(made, stepContext({ signal: step.signal }))
    step.abort()
    await expect(verdict).rejects.toMatchObject({ code: "ABORTED" })
    open(connection)
    await eventually(() => expect(connection.ended).toBeGreaterThan(0))
    expect(connection.asked).toBe(0)
  })

  it("asks nobody once its step has ended", async () => {
    let asked = 0
    const verdict = plan({ connect: async () => asked++ }).verify(
      made,
      stepContext({ signal: AbortSignal.abort() }),
    )
    await expect(verdict).rejects.toMatchObject({ code: "ABORTED" })
    expect(asked).toBe(0)
  })

  it("survives a connection that breaks by itself, and one that cannot be closed", async () => {
    const connection = Object.assign(new EventEmitter(), {
      async query() {
        connection.emit("error", new Error("terminated by an administrator"))
        return { rows: [] }
      },
      end: async () => {
        throw new Error("closed already")
      },
    })
    expect(await plan({ connect: async () => connection }).verify(made, stepContext())).toBe("works")
  })

  it("hands the user and the password on as they are, and the signal", async () => {
    const seen: unknown[] = []
    const odd = {
      value: `postgres://${encodeURIComponent('a"b')}:${encodeURIComponent("p@ss")}@db.internal/app`,
    }
    const looking = plan({
      format: "url",
      connect: async (login: unknown, { signal }: { signal: AbortSignal }) => {
        seen.push(login, signal.aborted)
        return { ...client, end: async () => undefined }
      },
    })
    await looking.verify(odd, stepContext())
    expect(seen).toEqual([{ user: 'a"b', password: "p@ss" }, false])
  })
})

describe("a statement", () => {
  it("has names and texts quoted so that they mean themselves", () => {
    expect(identifier('a"b; drop')).toBe('"a""b; drop"')
    expect(literal("it's")).toBe("'it''s'")
    expect(literal("a\\'b")).toBe(" E'a\\\\''b'")
  })

  it("has a fence that is a whole number", () => {
    const row = { table: "latchkey_fence", secret: "db/url" }
    expect(() => fenced(row, 1.5, "select 1")).toThrow(TypeError)
    expect(() => fenced(row, "1; drop" as never, "select 1")).toThrow(TypeError)
  })

  it("that the client fails to run shows nothing of what the client threw", async () => {
    const canary = newCanary()
    const failing = plan({
      client: {
        query: async () => {
          throw Object.assign(new Error(canary.text), { code: "XX000", detail: canary.text })
        },
      },
    })
    const made = await failing.create(makeContext())
    const thrown = await failing.apply?.(made, applyContext()).catch((reason: unknown) => reason)
    expect(thrown).toMatchObject({ code: "UNAVAILABLE", secret: "auth/some-key" })
    expectNoLeak(canary, thrown)
  })
})
