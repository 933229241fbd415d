import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Pool } from "pg"
import { PgBoss } from "pg-boss"
import { expect, it, onTestFinished } from "vitest"
import { rotating } from "../../../../docs/snippets/rotation-pg-boss.ts"
import { TallyStandIn } from "../../../../examples/tally-mcp-server/stand-in/index.ts"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import { rotateWithPgBoss } from "../../../../src/rotation/engines/pg-boss/index.ts"
import { Rotator } from "../../../../src/rotation/index.ts"
import { describeOn } from "../../../servers/cases.ts"
import type { PostgresServer } from "../../../servers/index.ts"
import { expectNoLeak, newCanary } from "../../../support/canary.ts"
import { type Child, startChild } from "../../../support/child.ts"
import { eventually } from "../../../support/eventually.ts"
import { mintedTally } from "../../far-side/minted-tally.ts"
import { SOON, type WorkerOptions } from "./worker-program.ts"

const QUEUE = "rotations"
const TIMEOUT = 150_000
/** A queue that notices soon that a worker is gone, and tries again soon. */
const HASTY = {
  policy: "exclusive",
  retryLimit: 20,
  retryDelay: 1,
  heartbeatSeconds: 10,
  expireInSeconds: 60,
} as const

const PROGRAM = `
  import { startWorker } from "./test/rotation/engines/pg-boss/worker-program.ts"
  await startWorker(JSON.parse(process.argv[1]))
`

/** A job as pg-boss keeps it. */
interface Row {
  readonly state: string
  readonly singleton_key: string
  readonly data: unknown
  readonly output: { readonly code?: string; readonly happened?: string } | null
}

async function setting({ host, port, user, password, database }: PostgresServer, names: readonly string[]) {
  const canary = newCanary()
  const schema = `latchkey_boss_${process.pid}_${Math.random().toString(36).slice(2, 8)}`
  const pool = new Pool({ host, port, user, password, database })
  const url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`
  const boss = new PgBoss({ connectionString: url, schema, ...SOON })
  const errors: string[] = []
  boss.on("error", ({ message }) => errors.push(message))
  await boss.start()
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  const folder = await mkdtemp(join(tmpdir(), "latchkey-pg-boss-"))
  onTestFinished(async () => {
    await boss.stop({ timeout: 1_000 })
    await pool.query(`drop schema if exists ${schema} cascade`)
    await pool.end()
    await standIn.close()
    await rm(folder, { recursive: true })
  })

  const path = join(folder, ".env")
  await writeFile(path, "", { mode: 0o600 })
  const store = dotenv(path)
  onTestFinished(async () => await store.close())
  const calm = { signal: new AbortController().signal }
  for (const [index, name] of names.entries()) {
    const first = `tly-${canary.text}-${index}`
    standIn.tokens.add(first)
    await store.write(name, first, calm)
  }
  const rows = async (): Promise<readonly Row[]> =>
    (await pool.query(`select state, singleton_key, data, output from ${schema}.job where name = '${QUEUE}'`))
      .rows
  const options: WorkerOptions = {
    database: url,
    schema,
    queue: QUEUE,
    path,
    names,
    url: standIn.url(),
    adminKey: standIn.adminKey,
    callTimeout: "2s",
  }
  return {
    canary,
    boss,
    standIn,
    store,
    rows,
    options,
    value: async (name: string) => String((await store.read(name, calm)).value),
    worker: (more: Partial<WorkerOptions> = {}): Child =>
      startChild(PROGRAM, { args: [JSON.stringify({ ...options, ...more })], killAfter: TIMEOUT }),
    /** How often tokens were minted. */
    mints: () =>
      standIn.requests.filter(({ path, status }) => path === "/admin/tokens" && status === 201).length,
    /** Stops workers in good order. @returns what they wrote, a line each */
    async end(...children: Child[]): Promise<readonly string[]> {
      for (const child of children) child.say("")
      const lines: string[] = []
      for (const child of children) {
        const { code, stderr, stdout } = await child.ended
        expect([code, stderr]).toEqual([0, ""])
        lines.push(...stdout.trim().split("\n"))
        expect(lines.at(-1)).toBe("stopped")
      }
      expectNoLeak(canary, await rows(), errors, lines)
      return lines
    },
  }
}

/** What is in the list beside the rows of jobs that are done. */
const notDone = (rows: readonly Row[]): readonly Row[] => rows.filter(({ state }) => state !== "completed")

describeOn("postgres", server => {
  const name = "tally/api-token"

  it("one worker is killed in the middle of a job, and another one resumes: one creation, one promotion", {
    timeout: TIMEOUT,
  }, async () => {
    const { boss, standIn, worker, rows, value, mints, end } = await setting(server, [name])
    await boss.createQueue(QUEUE, HASTY)
    const first = await value(name)
    standIn.fail({ path: "/users/me", hang: true })

    const killed = worker()
    await killed.printed(`${name} parked`)
    await eventually(() => expect(standIn.requests.some(({ path }) => path === "/users/me")).toBe(true))
    killed.signal("SIGKILL")
    expect((await killed.ended).signal).toBe("SIGKILL")
    expect((await value(name)) === first).toBe(true)
    expect(mints()).toBe(1)

    const other = worker()
    await other.printed(`${name} idle`)
    const second = await value(name)
    expect(second === first).toBe(false)
    expect(standIn.tokens.valid.map(({ id }) => id)).toEqual([standIn.tokens.idOf(second)])
    expect(mints()).toBe(1)

    await eventually(async () => expect(notDone(await rows())).toEqual([]))
    expect((await rows()).map(({ output }) => output?.happened)).toContain("rotated")
    expect(JSON.stringify(await rows()).includes(second)).toBe(false)
    expect((await end(other)).filter(line => /parked|promoted|retiring/.test(line))).toEqual([
      `${name} promoted`,
      `${name} retiring`,
    ])
  })

  it("a worker that is stopped ends its step, and another one goes on from there", {
    timeout: TIMEOUT,
  }, async () => {
    const { boss, standIn, worker, value, mints, end } = await setting(server, [name])
    await boss.createQueue(QUEUE, HASTY)
    let goOn = (): void => undefined
    const heldUntil = new Promise<void>(resolve => {
      goOn = resolve
    })
    standIn.fail({ path: "/users/me", heldUntil })

    const stopped = worker()
    await eventually(() => expect(standIn.requests.some(({ path }) => path === "/users/me")).toBe(true))
    stopped.say("")
    await stopped.printed("stopping")
    goOn()
    const lines = await end(stopped)
    expect(lines).toContain(`${name} verified`)
    expect(lines).not.toContain(`${name} promoted`)

    // For its clock the lease of the one before and all tolerance are over already.
    const other = worker({ ahead: 40_000 })
    await other.printed(`${name} idle`)
    expect(mints()).toBe(1)
    expect(standIn.tokens.valid.map(({ id }) => id)).toEqual([standIn.tokens.idOf(await value(name))])
    await end(other)
  })

  it("two workers share out six secrets, and each is rotated once", { timeout: TIMEOUT }, async () => {
    const names = Array.from({ length: 6 }, (_, index) => `tally/token-${index}`)
    const { boss, standIn, worker, rows, value, mints, end } = await setting(server, names)
    const before = await Promise.all(names.map(value))
    const workers = [worker(), worker()]
    await eventually(
      async () => {
        expect(standIn.tokens.valid.length).toBe(names.length)
        for (const [index, each] of names.entries())
          expect(standIn.tokens.idOf(before[index] ?? ""), each).toBeUndefined()
        expect(notDone(await rows())).toEqual([])
      },
      { atMost: 60_000, every: 250 },
    )
    // Another round finds nothing to do, and makes one job for each.
    const done = (await rows()).length
    await boss.send(QUEUE, { round: true }, { singletonKey: "round" })
    await boss.send(QUEUE, { round: true }, { singletonKey: "round" })
    await eventually(
      async () => {
        expect((await rows()).length).toBe(done + 1 + names.length)
        expect(notDone(await rows())).toEqual([])
      },
      { atMost: 60_000, every: 250 },
    )
    const lines = await end(...workers)
    for (const each of names)
      expect(
        lines.filter(line => line === `${each} promoted`),
        each,
      ).toHaveLength(1)
    expect(mints()).toBe(names.length)
  })

  it("a job that fails says our code in the table, and what a person sees there is no secret", {
    timeout: TIMEOUT,
  }, async () => {
    const { boss, standIn, store, canary, rows, options } = await setting(server, [name])
    standIn.fail({ path: "/admin/tokens", status: 503, times: 100 })
    const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "2s", tokenLifetime: "0s" } as const
    const plan = mintedTally({ ...options, consumers })
    const rotator = new Rotator({ store, rotations: { [name]: { plan, schedule: { interval: "24h" } } } })
    onTestFinished(async () => await rotator.close())
    const rotation = await rotateWithPgBoss(boss, rotator, { queue: QUEUE, pollEvery: "500ms" })
    const failed = await eventually(async () => {
      const retried = (await rows()).find(({ state }) => state === "retry")
      expect(retried).toBeDefined()
      return retried
    })
    await rotation.stop()
    expect(failed).toMatchObject({
      singleton_key: `look:${name}`,
      data: { secret: name },
      output: { code: "UNAVAILABLE", secret: name },
    })
    expectNoLeak(canary, await rows())
    expect(await boss.getSchedules(QUEUE)).toMatchObject([{ cron: "0 * * * *", data: { round: true } }])
    expect(await boss.getQueue(QUEUE)).toMatchObject({ policy: "exclusive", retryBackoff: true })
  })

  it("pg-boss's own cron begins the rounds", { timeout: TIMEOUT }, async () => {
    const { boss, rows, options, store } = await setting(server, [name])
    const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "2s", tokenLifetime: "0s" } as const
    const plan = mintedTally({ ...options, consumers })
    const rotator = new Rotator({ store, rotations: { [name]: { plan } } })
    onTestFinished(async () => await rotator.close())
    const rotation = await rotateWithPgBoss(boss, rotator, {
      queue: QUEUE,
      cron: "* * * * *",
      pollEvery: "500ms",
    })
    await eventually(
      async () => {
        const done = (await rows()).filter(({ state }) => state === "completed")
        for (const key of ["round", `look:${name}`])
          expect(done.filter(row => row.singleton_key === key).length).toBeGreaterThanOrEqual(2)
      },
      { atMost: 90_000, every: 500 },
    )
    await rotation.stop()
  })

  it("what the page shows rotates, and stops", { timeout: TIMEOUT }, async () => {
    const { standIn, options, store, value } = await setting(server, [name])
    const first = await value(name)
    const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "2s", tokenLifetime: "0s" } as const
    const plan = mintedTally({ ...options, consumers })
    const rotator = new Rotator({ store, rotations: { [name]: { plan, schedule: { interval: "24h" } } } })
    onTestFinished(async () => await rotator.close())
    // Its tables are in the schema that everybody has who says nothing, so that the database is its own.
    const admin = new Pool({ connectionString: options.database })
    const own = `${options.schema}_page`
    await admin.query(`create database ${own}`)
    onTestFinished(async () => {
      await admin.query(`drop database ${own} with (force)`)
      await admin.end()
    })
    const stop = await rotating(Object.assign(new URL(options.database), { pathname: own }).href, rotator)
    await eventually(async () => {
      expect((await value(name)) === first).toBe(false)
      expect(standIn.tokens.valid).toHaveLength(1)
    })
    await stop()
  })

  it("a queue of another policy is refused", async () => {
    const { boss, store } = await setting(server, [])
    await boss.createQueue(QUEUE)
    const rotator = new Rotator({ store, rotations: {} })
    await expect(rotateWithPgBoss(boss, rotator, { queue: QUEUE })).rejects.toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringContaining("exclusive"),
    })
    await rotator.close()
  })
})
