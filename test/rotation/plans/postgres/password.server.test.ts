import { Pool } from "pg"
import { describe, expect, it } from "vitest"
import type { SecretError } from "../../../../src/core/index.ts"
import type { Credential, GeneratedPlan } from "../../../../src/rotation/plan.ts"
import { postgresPassword } from "../../../../src/rotation/plans/postgres/index.ts"
import { identifier } from "../../../../src/rotation/plans/postgres/statements.ts"
import { expectNoLeak, newCanary } from "../../../support/canary.ts"
import { eventually } from "../../../support/eventually.ts"
import { applyContext, makeContext, stepContext } from "../contexts.ts"
import { postgresScene, type Scene, StoppableClient } from "./scene.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const

const TIMEOUT = { timeout: 60_000 }

const loginIn = ({ value }: Credential): { username: string; password: string } => JSON.parse(String(value))

/** What has to be there of a plan that takes turns. */
type TakingTurns = GeneratedPlan &
  Required<Pick<GeneratedPlan, "apply" | "revoke" | "verifyOld" | "identify">>

function takingTurns(scene: Scene, more: object = {}): TakingTurns {
  const { client, connect, users } = scene
  return postgresPassword({ client, connect, users, consumers, ...more }) as TakingTurns
}

type Alone = GeneratedPlan & Required<Pick<GeneratedPlan, "apply" | "verifyOld">>

function alone(scene: Scene, more: object = {}): Alone {
  const { client, connect, users } = scene
  return postgresPassword({ client, connect, user: users[0], consumers, ...more }) as Alone
}

/** Carries a new password as far as it works; the fence is that of the step which applies it. */
async function carried(plan: GeneratedPlan, fence: number, current?: Credential): Promise<Credential> {
  const made = await plan.create(makeContext({ current }))
  await plan.apply?.(made, applyContext({ current, fence }))
  expect(await plan.verify(made, stepContext())).toBe("works")
  return made
}

describe("two users of PostgreSQL that take turns", TIMEOUT, () => {
  it("let each new password work beside the old one, and the old one no longer once it is retired", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const first = await carried(plan, 3)
    expect(first.id).toBe(scene.users[0])
    const second = await carried(plan, 13, first)
    expect(second.id).toBe(scene.users[1])
    expect(await plan.verify(first, stepContext())).toBe("works")

    await plan.revoke(first, stepContext({ fence: 17 }))
    expect(await plan.verifyOld(first, stepContext())).toBe("refused")
    expect(await plan.verify(second, stepContext())).toBe("works")

    const third = await carried(plan, 23, second)
    expect(third.id).toBe(scene.users[0])
    expect(await plan.verify(second, stepContext())).toBe("works")
    expect(await plan.verifyOld(first, stepContext())).toBe("refused")
  })

  it("are known by their names, and users of nobody's are not", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const made = await plan.create(makeContext())
    expect(await plan.identify(made.value, stepContext())).toBe(scene.users[0])
    for (const value of ['{"username":"postgres","password":"p"}', "no JSON", "{}", new Uint8Array([255])])
      expect(await plan.identify(value, stepContext())).toBeUndefined()
  })

  it("keep their passwords from the server: it is told what it needs to check them, and nothing more", async () => {
    const scene = await postgresScene()
    const client = new StoppableClient(scene.client)
    const plan = takingTurns(scene, { client })
    const first = await carried(plan, 3)
    const second = await carried(plan, 13, first)
    await plan.revoke(first, stepContext({ fence: 17 }))
    const told = client.statements.join("\n")
    expect(told).toContain("SCRAM-SHA-256$4096:")
    for (const credential of [first, second]) expect(told).not.toContain(loginIn(credential).password)
  })

  it("are quoted whatever the server thinks of backslashes", async () => {
    const scene = await postgresScene()
    const client = scene.rotatorWith("-c standard_conforming_strings=off -c escape_string_warning=off")
    const [odd, backslash] = scene.users
    const first = await carried(takingTurns(scene, { client, fencedAs: "a\\'b" }), 3)
    const second = await carried(takingTurns(scene, { client, fencedAs: "a\\'b" }), 13, first)
    expect([loginIn(first).username, loginIn(second).username]).toEqual([odd, backslash])
    expect((await scene.admin.query("select secret from latchkey_fence")).rows).toEqual([{ secret: "a\\'b" }])
  })

  it("may be given the same password again, as after an answer that was lost", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const made = await carried(plan, 3)
    await plan.apply(made, applyContext({ fence: 3 }))
    await plan.apply(made, applyContext({ fence: 4 }))
    expect(await plan.verify(made, stepContext())).toBe("works")
    await plan.revoke(made, stepContext({ fence: 7 }))
    await plan.revoke(made, stepContext({ fence: 7 }))
    expect(await plan.verifyOld(made, stepContext())).toBe("refused")
  })

  it("let sessions that are open go on when the user is retired, unless they are to end", async () => {
    const scene = await postgresScene()
    const gentle = takingTurns(scene)
    const strict = takingTurns(scene, { endSessions: true })
    const first = await carried(gentle, 3)
    const session = await scene.open(loginIn(first).username, loginIn(first).password)
    await gentle.revoke(first, stepContext({ fence: 7 }))
    expect((await session.query("select 1 as one")).rows).toEqual([{ one: 1 }])

    await strict.revoke(first, stepContext({ fence: 8 }))
    await eventually(async () => {
      await expect(session.query("select 1")).rejects.toThrow()
    })
  })

  it("tell by what the server lists that a user is retired whose password nobody kept", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const made = await carried(plan, 3)
    expect(await plan.verifyOld({ id: scene.users[0] }, stepContext())).toBe("works")
    await plan.revoke({ id: scene.users[0] }, stepContext({ fence: 7 }))
    expect(await plan.verifyOld({ id: scene.users[0] }, stepContext())).toBe("refused")
    await expect(plan.verifyOld({}, stepContext())).rejects.toMatchObject({ code: "UNSUPPORTED" })
    await plan.apply(made, applyContext({ fence: 8 }))
    await plan.revoke({ value: made.value }, stepContext({ fence: 9 }))
    expect(await plan.verifyOld(made, stepContext())).toBe("refused")
  })

  it("leave alone the user in use, and users of others", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const current = await carried(plan, 3)
    const again = { value: JSON.stringify({ ...loginIn(current), password: "another-one" }) }
    await expect(plan.apply(again, applyContext({ current, fence: 4 }))).rejects.toMatchObject({
      code: "CONFLICT",
      secret: "auth/some-key",
    })
    const foreign = { value: '{"username":"postgres","password":"somebody-elses"}', id: "postgres" }
    const refused = { code: "UNSUPPORTED", message: expect.stringMatching(/left alone/) }
    await expect(plan.apply(foreign, applyContext({ fence: 5 }))).rejects.toMatchObject(refused)
    await expect(plan.revoke(foreign, stepContext({ fence: 6 }))).rejects.toMatchObject(refused)
    await expect(plan.revoke({}, stepContext({ fence: 6 }))).rejects.toMatchObject(refused)
    expect(await plan.verify(current, stepContext())).toBe("works")
    expect((await scene.admin.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("are safe from a replica that was stopped before it set a password which is old by now", async () => {
    const scene = await postgresScene()
    const stopped = new StoppableClient(scene.client)
    const late = takingTurns(scene, { client: stopped })
    const plan = takingTurns(scene)
    const first = await plan.create(makeContext())

    const stop = stopped.stopBeforeNext()
    const lateApply = late.apply(first, applyContext({ fence: 3 }))
    await stop.reached
    await plan.apply(first, applyContext({ fence: 5 }))
    const second = await carried(plan, 13, first)
    await plan.revoke(first, stepContext({ fence: 17 }))
    const third = await carried(plan, 23, second)
    expect(third.id).toBe(first.id)

    stop.goOn()
    await expect(lateApply).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/newer step/),
    })
    expect(await plan.verify(third, stepContext())).toBe("works")
    expect(await plan.verify(first, stepContext())).toBe("refused")
  })

  it("are safe from a replica that was stopped before it ended a user which is in use again", async () => {
    const scene = await postgresScene()
    const stopped = new StoppableClient(scene.client)
    const late = takingTurns(scene, { client: stopped, endSessions: true })
    const plan = takingTurns(scene)
    const first = await carried(plan, 3)
    const second = await carried(plan, 13, first)

    const stop = stopped.stopBeforeNext()
    const lateRevoke = late.revoke(first, stepContext({ fence: 17 }))
    await stop.reached
    await plan.revoke(first, stepContext({ fence: 19 }))
    const third = await carried(plan, 23, second)
    const session = await scene.open(loginIn(third).username, loginIn(third).password)

    stop.goOn()
    await expect(lateRevoke).rejects.toMatchObject({ code: "CONFLICT" })
    expect(await plan.verify(third, stepContext())).toBe("works")
    expect((await session.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("keep the sessions of a user that is in use again, when a replica goes on that was stopped before it ended them", async () => {
    const scene = await postgresScene()
    const stopped = new StoppableClient(scene.client)
    const late = takingTurns(scene, { client: stopped, endSessions: true })
    const plan = takingTurns(scene)
    const first = await carried(plan, 3)
    const second = await carried(plan, 13, first)

    const beforeTheUser = stopped.stopBeforeNext()
    const lateRevoke = late.revoke(first, stepContext({ fence: 17 }))
    await beforeTheUser.reached
    const beforeTheSessions = stopped.stopBeforeNext()
    beforeTheUser.goOn()
    await beforeTheSessions.reached
    await plan.revoke(first, stepContext({ fence: 19 }))
    const third = await carried(plan, 23, second)
    const session = await scene.open(loginIn(third).username, loginIn(third).password)

    beforeTheSessions.goOn()
    await expect(lateRevoke).rejects.toMatchObject({ code: "CONFLICT" })
    expect((await session.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("end with the newest of many steps that come at the same moment", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const made = await Promise.all(Array.from({ length: 12 }, () => plan.create(makeContext())))
    const outcomes = await Promise.allSettled(
      made.map((each, index) => plan.apply(each, applyContext({ fence: index + 1 }))),
    )
    const failures = outcomes.flatMap(each => (each.status === "rejected" ? [each.reason] : []))
    for (const failure of failures) expect(failure).toMatchObject({ code: "CONFLICT" })
    expect(outcomes.at(-1)?.status).toBe("fulfilled")
    const verdicts = await Promise.all(made.map(each => plan.verify(each, stepContext())))
    expect(verdicts).toEqual([...Array.from({ length: 11 }, () => "refused"), "works"])
  })
})

describe("a single user of PostgreSQL", TIMEOUT, () => {
  async function withUser(scene: Scene): Promise<Credential> {
    await scene.admin.query(`alter role ${identifier(scene.users[0])} login password 'made by hand'`)
    return { value: JSON.stringify({ username: scene.users[0], password: "made by hand", port: 5432 }) }
  }

  it("gets a new password in place of the old one, and the rest of the secret stays", async () => {
    const scene = await postgresScene()
    const plan = alone(scene)
    const current = await withUser(scene)
    expect(await plan.verify(current, stepContext())).toBe("works")
    const made = await carried(plan, 3, current)
    expect(JSON.parse(String(made.value))).toMatchObject({ username: scene.users[0], port: 5432 })
    expect(await plan.verifyOld(current, stepContext())).toBe("refused")
    expect(await plan.verifyOld({}, stepContext())).toBe("refused")
    expect(plan).toMatchObject({ overlap: false, fenced: true })
    expect(plan.revoke).toBeUndefined()
  })

  it("may be given the same password again, and moves the fence also then", async () => {
    const scene = await postgresScene()
    const plan = alone(scene)
    const current = await withUser(scene)
    const made = await carried(plan, 3, current)
    await plan.apply(made, applyContext({ current, fence: 9 }))
    expect(await plan.verify(made, stepContext())).toBe("works")
    expect((await scene.admin.query("select * from latchkey_fence")).rows).toEqual([
      { secret: "auth/some-key", fence: "9" },
    ])
    await expect(plan.apply(made, applyContext({ current, fence: 8 }))).rejects.toMatchObject({
      code: "CONFLICT",
    })
  })

  it("gets its first password where the secret holds none yet", async () => {
    const scene = await postgresScene()
    await scene.admin.query(`alter role ${identifier(scene.users[0])} login`)
    await carried(alone(scene), 3)
  })

  it("keeps a password that a person set by hand", async () => {
    const scene = await postgresScene()
    const plan = alone(scene)
    const current = await withUser(scene)
    const made = await plan.create(makeContext({ current }))
    const canary = newCanary()
    await scene.admin.query(`alter role ${identifier(scene.users[0])} password '${canary.text}'`)
    const error = await plan
      .apply(made, applyContext({ current, fence: 3 }))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "CONFLICT", message: expect.stringMatching(/neither .* nor/) })
    canary.watch(error)
    await scene.open(scene.users[0], canary.text)
    expect((await scene.admin.query("select * from latchkey_fence")).rows).toEqual([])
  })

  it("is safe from a replica that was stopped between its look and its change", async () => {
    const scene = await postgresScene()
    const stopped = new StoppableClient(scene.client)
    const late = alone(scene, { client: stopped })
    const plan = alone(scene)
    const current = await withUser(scene)
    const first = await plan.create(makeContext({ current }))

    const stop = stopped.stopBeforeNext()
    const lateApply = late.apply(first, applyContext({ current, fence: 3 }))
    await stop.reached
    await plan.apply(first, applyContext({ current, fence: 5 }))
    const second = await carried(plan, 13, first)

    stop.goOn()
    await expect(lateApply).rejects.toMatchObject({ code: "CONFLICT" })
    expect(await plan.verify(second, stepContext())).toBe("works")
  })

  it("is not another user's, whatever the secret holds", async () => {
    const scene = await postgresScene()
    const plan = alone(scene)
    const foreign = { value: JSON.stringify({ username: scene.users[1], password: "of the other" }) }
    const refused = { code: "UNSUPPORTED" }
    await expect(plan.create(makeContext({ current: foreign }))).rejects.toMatchObject(refused)
    await expect(plan.apply(foreign, applyContext({ fence: 3 }))).rejects.toMatchObject(refused)
    await expect(plan.verify(foreign, stepContext())).rejects.toMatchObject(refused)
  })
})

describe("what PostgreSQL says of a rotation", TIMEOUT, () => {
  const failureOf = async (act: Promise<unknown>): Promise<Error> => {
    const thrown = await act.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(thrown).toBeInstanceOf(Error)
    return thrown as Error
  }

  it("names the statement that makes the table of fences, where there is none", async () => {
    const scene = await postgresScene()
    await scene.admin.query("drop table latchkey_fence")
    const plan = takingTurns(scene)
    const made = await plan.create(makeContext())
    const error = await failureOf(plan.apply(made, applyContext({ fence: 3 })))
    expect(error).toMatchObject({
      code: "MISCONFIGURED",
      secret: "auth/some-key",
      hint: "create table latchkey_fence (secret text primary key, fence bigint not null)",
    })
    await scene.admin.query("create table latchkey_fence (name text)")
    expect(await failureOf(plan.apply(made, applyContext({ fence: 3 })))).toMatchObject({
      hint: (error as SecretError).hint,
    })
  })

  it("names the users that are not there, and changes nothing at all then, not even the fence", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene, { users: ["latchkey_nobody", "latchkey_no_one"] })
    const made = await plan.create(makeContext())
    expect(await failureOf(plan.apply(made, applyContext({ fence: 3 })))).toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringMatching(/no user of this name/),
    })
    expect((await scene.admin.query("select * from latchkey_fence")).rows).toEqual([])
  })

  it("names the rights that the account lacks", async () => {
    const scene = await postgresScene()
    await scene.admin.query("revoke all on latchkey_fence from public")
    const { username, password } = loginIn(await carried(takingTurns(scene), 3))
    const powerless = takingTurns(scene, { client: scene.as(username, password) })
    const made = await powerless.create(makeContext())
    expect(await failureOf(powerless.apply(made, applyContext({ fence: 4 })))).toMatchObject({
      code: "DENIED",
      hint: expect.stringMatching(/CREATEROLE/),
    })
  })

  it("tells the account that rotates from the one that is rotated, when a password is wrong", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene, { client: scene.as(scene.users[1], "wrong") })
    const made = await plan.create(makeContext())
    expect(await plan.verify(made, stepContext())).toBe("refused")
    expect(await failureOf(plan.apply(made, applyContext({ fence: 3 })))).toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringMatching(/the account that changes passwords/),
    })
  })

  it("does not wait for ever for somebody who left a transaction open", async () => {
    const scene = await postgresScene()
    const plan = takingTurns(scene)
    const made = await carried(plan, 3)
    const holder = await scene.admin.connect()
    try {
      await holder.query("begin")
      await holder.query("select * from latchkey_fence for update")
      expect(await failureOf(plan.apply(made, applyContext({ fence: 4 })))).toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringMatching(/holds a lock/),
      })
    } finally {
      await holder.query("rollback")
      holder.release()
    }
    await plan.apply(made, applyContext({ fence: 4 }))
  })

  it("leaves a verdict open when nobody can be asked, and shows no password", async () => {
    const scene = await postgresScene()
    const canary = newCanary()
    const nowhere = new Pool({ host: "127.0.0.1", port: 1, user: "u", password: canary.text })
    const plan = takingTurns(scene, {
      client: nowhere,
      connect: async (login: { user: string; password: string }) => {
        const { Client } = await import("pg")
        const client = new Client({ host: "127.0.0.1", port: 1, ...login })
        await client.connect()
        return client
      },
    })
    const made = { value: JSON.stringify({ username: scene.users[0], password: canary.text }) }
    const unreachable = { code: "UNAVAILABLE", message: expect.stringMatching(/nobody listens/) }
    const errors = [
      await failureOf(plan.verify(made, stepContext())),
      await failureOf(plan.verifyOld(made, stepContext())),
      await failureOf(plan.apply(made, applyContext({ fence: 3 }))),
    ]
    for (const error of errors) expect(error).toMatchObject(unreachable)
    expectNoLeak(canary, ...errors)
    await nowhere.end()
  })
})
