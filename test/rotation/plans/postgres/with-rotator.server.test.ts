import { Client } from "pg"
import { expect, it, onTestFinished } from "vitest"
import { type MemoryStore, memory } from "../../../../providers/memory/index.ts"
import { type RotationPlan, Rotator } from "../../../../src/rotation/index.ts"
import { postgresPassword } from "../../../../src/rotation/plans/postgres/index.ts"
import { identifier } from "../../../../src/rotation/plans/postgres/statements.ts"
import { eventually } from "../../../support/eventually.ts"
import { postgresScene, type Scene } from "./scene.ts"

const NAME = "db/login"
/** A call reads the secret anew, and may then take two seconds. */
const consumers = { ttl: "100ms", maxStale: "0s", callTimeout: "2s", tokenLifetime: "0s" } as const
const ROTATIONS = 4
const REPLICAS = 3

async function valueIn(store: MemoryStore): Promise<string> {
  return String((await store.read(NAME, { signal: new AbortController().signal })).value)
}

function replicasOf(store: MemoryStore, plan: RotationPlan): Rotator[] {
  const rotators = Array.from(
    { length: REPLICAS },
    () => new Rotator({ store, rotations: { [NAME]: { plan } } }),
  )
  onTestFinished(async () => void (await Promise.all(rotators.map(each => each.close()))))
  return rotators
}

/** Rotates once, by all replicas at the same time, until one of them has brought it to its end. */
async function rotateOnce(rotators: readonly Rotator[]): Promise<void> {
  let isBegun = false
  await eventually(
    async () => {
      const done = rotators.map(async each =>
        // Asked again after the grace, they would begin the next one.
        isBegun ? (await each.tick()).outcomes : [await each.rotate(NAME, { impatient: true })],
      )
      const outcomes = (await Promise.all(done)).flat()
      isBegun ||= outcomes.some(({ state }) => state === "promoted")
      const failures = outcomes.flatMap(({ problem }) => (problem === undefined ? [] : [problem.message]))
      expect(failures).toEqual([])
      expect(outcomes.map(({ happened }) => happened)).toContain("rotated")
    },
    { every: 100, atMost: 30_000 },
  )
}

/** A login with the secret as it is, as often as it goes, until it is stopped. */
function load(scene: Scene, store: MemoryStore) {
  let stopped = false
  const failures: unknown[] = []
  const users = new Set<string>()
  const calling = async (): Promise<void> => {
    while (!stopped) {
      const { username, password } = JSON.parse(await valueIn(store))
      try {
        const connection = await scene.connect(
          { user: username, password },
          { signal: new AbortController().signal },
        )
        await connection.query("select 1")
        await connection.end()
        users.add(username)
      } catch (thrown) {
        failures.push(thrown)
      }
    }
  }
  const callers = [calling(), calling(), calling()]
  return async () => {
    stopped = true
    await Promise.all(callers)
    return { failures, users: [...users].sort() }
  }
}

it("two users take turns, and no call fails while three replicas rotate them", {
  timeout: 120_000,
}, async () => {
  const scene = await postgresScene()
  const [first] = scene.users
  await scene.admin.query(`alter role ${identifier(first)} login password 'made by hand'`)
  const store = memory({ [NAME]: JSON.stringify({ username: first, password: "made by hand" }) })
  const { client, connect, users } = scene
  const plan = postgresPassword({ client, connect, users, consumers })
  const rotators = replicasOf(store, plan)

  const seen = [await valueIn(store)]
  const stop = load(scene, store)
  for (let round = 0; round < ROTATIONS; round++) {
    await rotateOnce(rotators)
    seen.push(await valueIn(store))
  }
  expect(await stop()).toEqual({ failures: [], users: [...scene.users].sort() })

  const usersSeen = seen.map(value => JSON.parse(value).username)
  expect(usersSeen).toEqual(Array.from({ length: ROTATIONS + 1 }, (_, index) => scene.users[index % 2]))
  expect(new Set(seen).size).toBe(ROTATIONS + 1)
  const { rows } = await scene.admin.query(
    "select rolname from pg_roles where rolcanlogin and rolname = any($1)",
    [scene.users],
  )
  expect(rows).toEqual([{ rolname: JSON.parse(seen.at(-1) ?? "").username }])
})

it("a single user gets each new password once, whichever of three replicas sets it", {
  timeout: 120_000,
}, async () => {
  const scene = await postgresScene()
  const [user] = scene.users
  await scene.admin.query(`alter role ${identifier(user)} login password 'made by hand'`)
  const store = memory({ [NAME]: JSON.stringify({ username: user, password: "made by hand" }) })
  const plan = postgresPassword({ client: scene.client, connect: scene.connect, user, consumers })
  const rotators = replicasOf(store, plan)

  for (let round = 0; round < ROTATIONS; round++) {
    const before = JSON.parse(await valueIn(store))
    await rotateOnce(rotators)
    const after = JSON.parse(await valueIn(store))
    expect(after.password).not.toBe(before.password)
    const connection = await scene.open(after.username, after.password)
    expect(connection).toBeInstanceOf(Client)
    await expect(scene.open(before.username, before.password)).rejects.toMatchObject({ code: "28P01" })
  }
})
