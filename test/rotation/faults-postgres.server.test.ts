import { expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { postgresPassword, type RotationOutcome, Rotator } from "../../src/rotation/index.ts"
import { identifier } from "../../src/rotation/plans/postgres/statements.ts"
import { calm } from "../providers/calls.ts"
import { describeOn } from "../servers/cases.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { counted, seeThrough } from "./far-side/ordeal.ts"
import { POSTGRES_FAULTS, type PostgresFault, troubledPostgres } from "./far-side/troubled-postgres.ts"
import { postgresScene, type Scene } from "./plans/postgres/scene.ts"

const consumers = { ttl: "5m", maxStale: "0s", callTimeout: "5s", tokenLifetime: "0s" } as const
const deadlines = { make: "20s", apply: "20s", verify: "30s", revoke: "20s", list: "20s" } as const
const TIMEOUT = 120_000

/** Whether two users take turns, or one gets a new password, for which there is a moment without an overlap. */
type Users = "two users" | "one user"

interface Seen {
  readonly outcomes: readonly RotationOutcome[]
  readonly calls: readonly string[]
  readonly isStruck: boolean
}

/** Rotates a login once, from its first call to its last, whatever befalls it. */
async function rotated(
  scene: Scene,
  name: string,
  users: Users,
  blow?: { readonly number: number; readonly fault: PostgresFault },
): Promise<Seen> {
  const [first, second] = scene.users
  const canary = newCanary()
  await scene.admin.query(`alter role ${identifier(first)} login password '${canary.text}'`)
  await scene.admin.query(`alter role ${identifier(second)} nologin password null`)
  const { host = "", port = 0, user = "", password = "", database = "" } = scene.client.options
  const way = await troubledPostgres({ host, port, user, password: String(password), database }, blow)
  const clock = checkedFakeClock()
  const store = memory({ [name]: JSON.stringify({ username: first, password: canary.text }) }, { clock })
  const { client, connect } = way
  const common = { client, connect, consumers, deadlines }
  const { plan, running } = counted(
    postgresPassword(users === "two users" ? { ...common, users: scene.users } : { ...common, user: first }),
  )
  const rotator = new Rotator({
    store,
    rotations: { [name]: { plan, schedule: { interval: "24h" } } },
    clock,
    callTimeout: "20s",
    lease: "1m",
    random: () => 0.5,
  })
  const logIn = async (): Promise<string> => {
    const login = JSON.parse(String((await store.read(name, calm)).value))
    const connection = await scene.connect({ user: login.username, password: login.password }, calm)
    await connection.query("select 1")
    await connection.end()
    return login.username
  }
  try {
    const outcomes = await seeThrough({
      clock,
      rotator,
      // With one user there is a moment in which nobody gets in with what the secret holds.
      consume: async () => void (await (users === "two users" ? logIn() : scene.admin.query("select 1"))),
      journal: async () => (await store.rotation().journals?.load(name, calm))?.journal,
      underWay: () => (way.isHung ? 0 : running()),
    })
    canary.watch(outcomes)
    const inUse = await logIn()
    expect(inUse).toBe(users === "two users" ? second : first)
    const { rows } = await scene.admin.query(
      "select rolname from pg_roles where rolcanlogin and rolname = any($1)",
      [scene.users],
    )
    expect(rows).toEqual([{ rolname: inUse }])
    await expect(scene.connect({ user: first, password: canary.text }, calm)).rejects.toMatchObject({
      code: expect.stringMatching(/^28/),
    })
    const { calls, isStruck } = way
    return { outcomes, calls, isStruck }
  } finally {
    await rotator.close()
    await way.close()
    await store.close()
  }
}

describeOn("postgres", () => {
  for (const users of ["two users", "one user"] as const)
    it.each(POSTGRES_FAULTS)(`${users}: a rotation comes to its end when any one call %s`, {
      timeout: TIMEOUT,
    }, async fault => {
      const scene = await postgresScene()
      const good = await rotated(scene, "db/good-day", users)
      expect(good.outcomes.map(({ happened }) => happened)).toEqual(["waiting", "rotated"])
      expect(good.calls).toEqual(expect.arrayContaining(["alter role", "connect", "select 1"]))
      for (const [number, call] of good.calls.entries()) {
        const told = `call ${number}, ${call}`
        try {
          const { outcomes, isStruck } = await rotated(scene, `db/bad-day-${number}`, users, {
            number,
            fault,
          })
          expect(isStruck).toBe(true)
          expect(outcomes.filter(({ happened }) => happened === "failed").length).toBeLessThanOrEqual(1)
        } catch (thrown) {
          if (thrown instanceof Error) thrown.message = `${told}: ${thrown.message}`
          throw thrown
        }
      }
    })
})
