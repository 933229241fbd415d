import { expect, it, onTestFinished } from "vitest"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { parseDuration } from "../../src/core/index.ts"
import type { Consumers } from "../../src/rotation/index.ts"
import { leastGraceOf } from "../../src/rotation/plan-times.ts"
import { identifier } from "../../src/rotation/plans/postgres/statements.ts"
import { calm } from "../providers/calls.ts"
import { rotationRig } from "../providers/vault/rotation-rig.ts"
import { describeOn } from "../servers/cases.ts"
import type { VaultServer } from "../servers/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { type Child, startChild } from "../support/child.ts"
import type { LoadedSide, LoadReport } from "./far-side/load-program.ts"
import type { RotatedSide } from "./far-side/rotator-program.ts"
import { postgresScene } from "./plans/postgres/scene.ts"

/** The credential is in Vault, so that nobody is told when it changes: replicas have to ask. */
const NAME = "app/credential"
const ROTATIONS = 20
const REPLICAS = 2
const CALLS_PER_SECOND = 200
/** Above all that these take, for a machine that has a lot to do. */
const TIMEOUT = 10 * 60_000

/** How the replicas read, and what the grace follows from. */
const consumers: Consumers = { ttl: "500ms", maxStale: "1s", callTimeout: "1500ms", tokenLifetime: "0s" }
const grace = leastGraceOf({ consumers })

const LOAD = `
  import { runLoad } from "./test/rotation/far-side/load-program.ts"
  await runLoad(JSON.parse(process.argv[1]))
`
const ROTATOR = `
  import { runRotator } from "./test/rotation/far-side/rotator-program.ts"
  await runRotator(JSON.parse(process.argv[1]))
`

/** Where replicas make their calls, by their number, and what is rotated there. */
interface Sides {
  readonly first: string
  loaded(replica: number): LoadedSide
  readonly rotated: RotatedSide
}

/** Rotates by a schedule in one process while replicas in two others use the credential, and counts. */
async function rotateUnderLoad(server: VaultServer, { first, loaded, rotated }: Sides) {
  const { store, mount } = await rotationRig(server)
  await store.write(NAME, first, calm)
  const env = { VAULT_TOKEN: server.rootToken }
  const common = { store: `vault://${new URL(server.url).host}/${mount}?kv=2&tls=false`, name: NAME }
  const start = (program: string, options: object): Child =>
    startChild(program, { args: [JSON.stringify({ ...common, ...options })], env, killAfter: TIMEOUT })

  const { ttl, maxStale, callTimeout } = consumers
  const replicas = Array.from({ length: REPLICAS }, (_, replica) =>
    start(LOAD, {
      ttl,
      maxStale,
      side: loaded(replica),
      callsPerSecond: CALLS_PER_SECOND / REPLICAS,
      goodFor: parseDuration(callTimeout),
    }),
  )
  await Promise.all(replicas.map(replica => replica.printed("ready")))
  // As often as the grace allows, and a breath.
  const rotator = start(ROTATOR, {
    consumers,
    interval: `${grace + 500}ms`,
    rotations: ROTATIONS,
    side: rotated,
  })
  const rotating = await rotator.ended
  for (const replica of replicas) replica.say("")
  const ended = await Promise.all(replicas.map(replica => replica.ended))
  for (const { code, stderr } of [rotating, ...ended]) expect([code, stderr]).toEqual([0, ""])
  const reports = ended.map(({ stdout }): LoadReport => JSON.parse(stdout.split("\n")[1] ?? ""))
  const last = String((await store.read(NAME, calm)).value)
  return { reports, lines: rotating.stdout.trim().split("\n"), last }
}

/** What is the same for every far side: all rotations are done, and no call has failed. */
function judge({ reports, lines }: Awaited<ReturnType<typeof rotateUnderLoad>>): void {
  expect(lines.filter(line => line.startsWith("rotated "))).toHaveLength(ROTATIONS)
  expect(lines.filter(line => line.startsWith("failed "))).toEqual([])
  for (const { made, unproven, failures, credentials } of reports) {
    expect(failures).toEqual({})
    // The first one, and each that came after it.
    expect(credentials).toBe(ROTATIONS + 1)
    expect(made - unproven).toBeGreaterThan(10 * ROTATIONS)
  }
}

describeOn("vault", vaultServer => {
  it("no call of two replicas fails while their token rotates 20 times, and none is refused at the far side", {
    timeout: TIMEOUT,
  }, async () => {
    const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
    onTestFinished(async () => await standIn.close())
    const first = `tly-${newCanary().text}`
    standIn.tokens.add(first)
    const seen = await rotateUnderLoad(vaultServer, {
      first,
      loaded: replica => ({ kind: "tally", url: standIn.url(`replica-${replica}`) }),
      rotated: { kind: "tally", url: standIn.url("rotator"), adminKey: standIn.adminKey },
    })
    judge(seen)
    for (const [replica, { made, unproven }] of seen.reports.entries()) {
      const { accepted, refused } = standIn.tokens.answered(`replica-${replica}`)
      expect(accepted).toBeGreaterThanOrEqual(made - unproven)
      // Where nothing stood still, which is as good as always, that is none at all.
      expect(refused).toBeLessThanOrEqual(unproven)
    }
    expect(standIn.tokens.valid.map(({ id }) => id)).toEqual([standIn.tokens.idOf(seen.last)])
  })

  describeOn("postgres", () => {
    it("no login of two replicas fails while two users take turns 20 times", {
      timeout: TIMEOUT,
    }, async () => {
      const scene = await postgresScene()
      const canary = newCanary()
      const [user] = scene.users
      await scene.admin.query(`alter role ${identifier(user)} login password '${canary.text}'`)
      const { host = "", port = 0, database = "", user: admin = "", password } = scene.client.options
      const seen = await rotateUnderLoad(vaultServer, {
        first: JSON.stringify({ username: user, password: canary.text }),
        loaded: () => ({ kind: "postgres", host, port, database }),
        rotated: {
          kind: "postgres",
          login: { host, port, database, user: admin, password: String(password) },
          users: scene.users,
        },
      })
      judge(seen)
      expectNoLeak(canary, seen.reports, seen.lines)
      const { rows } = await scene.admin.query(
        "select rolname from pg_roles where rolcanlogin and rolname = any($1)",
        [scene.users],
      )
      expect(rows).toEqual([{ rolname: JSON.parse(seen.last).username }])
    })
  })
})
