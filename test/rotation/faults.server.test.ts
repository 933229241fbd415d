import { vault } from "latchkey/vault"
import { afterAll, describe, expect, it } from "vitest"
import { type RotationOutcome, Rotator } from "../../src/rotation/index.ts"
import { calm } from "../providers/calls.ts"
import { adminOf, mountKv, unique } from "../providers/vault/admin.ts"
import { describeOn } from "../servers/cases.ts"
import type { VaultServer } from "../servers/index.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { seeThrough } from "./far-side/ordeal.ts"
import { appRole, type Far, mintedTokens } from "./far-side/sides.ts"
import { textOf, type Wire, type WireFault, wireTo } from "./far-side/wire-faults.ts"

/** One call of a rotation, which fails. */
interface Blow {
  /** By which way it goes. */
  readonly by: "store" | "far side"
  /** Which of that way's calls it is, counted from 0. */
  readonly number: number
  readonly fault: WireFault
}

/** What a rotation came to. */
interface Seen {
  readonly outcomes: readonly RotationOutcome[]
  /** What was asked for by each way, in its order. */
  readonly calls: Readonly<Record<Blow["by"], readonly string[]>>
}

/** The far side of one rotation, where the secret is reached by this way. */
type MakeFar = (wire: Wire, now: () => number) => Promise<Far>

/**
 * Rotates a secret of its own in Vault from the first call to the last, whatever befalls it on the way, while a consumer
 * uses it between any two calls. In the end nothing is left but the new credential.
 */
async function rotated(server: VaultServer, mount: string, makeFar: MakeFar, blow?: Blow): Promise<Seen> {
  await using open = new AsyncDisposableStack()
  const clock = checkedFakeClock()
  const now = (): number => clock.wall()
  const wire = await wireTo(server.url, now)
  open.defer(async () => await wire.proxy.close())
  const far = await makeFar(wire, now)
  open.defer(async () => await far.close())
  const auth = { method: "token", token: server.rootToken } as const
  const store = vault({ kv: 2, address: wire.url, mount, auth })
  const direct = vault({ kv: 2, address: server.url, mount, auth })
  const name = `tally/${unique("secret")}`
  const rotator = new Rotator({
    store,
    rotations: { [name]: { plan: far.plan, schedule: { interval: "24h" } } },
    clock,
    callTimeout: "20s",
    lease: "1m",
    random: () => 0.5,
  })
  open.defer(async () => {
    await rotator.close()
    await Promise.all([store.close(), direct.close()])
  })

  await direct.write(name, far.first, calm)
  const way = blow?.by === "far side" ? far.wire : wire
  if (blow !== undefined) way?.strike(blow.number, blow.fault)
  const read = async (): Promise<string> => String((await direct.read(name, calm)).value)
  const outcomes = await seeThrough({
    clock,
    rotator,
    consume: async () => await far.use(await read()),
    journal: async () => (await direct.rotation().journals?.load(name, calm))?.journal,
    underWay: () => wire.underWay() + (far.wire?.underWay() ?? 0),
  })
  if (blow !== undefined) expect(way?.struck).toBe(1)

  const last = await read()
  expect(last === far.first).toBe(false)
  expect(await far.accepted()).toEqual([await far.idOf(last)])
  const kept = await adminOf(server).ask("LIST", `${mount}/metadata/latchkey/rotation/${name}`)
  expect(kept.data?.keys).toEqual(["journal"])
  return {
    outcomes,
    calls: {
      store: wire.proxy.log.requests.map(textOf),
      "far side": far.wire?.proxy.log.requests.map(textOf) ?? [],
    },
  }
}

const FAULTS: readonly WireFault[] = [
  "is answered with 503",
  "breaks off in the middle of its answer",
  "is never answered",
  "is carried out and its answer is lost",
]

/**
 * All calls, each with what may befall it. A question was only not answered when its answer is lost; and of the questions
 * that are asked again and again the first and the last stand for those between, which fail in one way only.
 */
function blows(calls: Seen["calls"]): (Blow & { readonly call: string })[] {
  return (["store", "far side"] as const).flatMap(by =>
    calls[by].flatMap((call, number, all) => {
      const isBetween = all.indexOf(call) < number && number < all.lastIndexOf(call)
      const faults = call.startsWith("GET") ? FAULTS.slice(0, isBetween ? 1 : 3) : FAULTS
      return faults.map(fault => ({ by, number, fault, call }))
    }),
  )
}

describeOn("vault", async server => {
  const admin = adminOf(server)
  const mount = await mountKv(admin, 2)
  const auth = unique("approle")
  await admin.ask("POST", `sys/auth/${auth}`, { type: "approle" })
  afterAll(async () => {
    await admin.ask("DELETE", `sys/auth/${auth}`)
    await admin.ask("DELETE", `sys/mounts/${mount}`)
  })

  describe.each([
    ["a secret id of AppRole, which is made here", wire => appRole(admin, auth, wire)],
    ["a token that the far side mints", (_, now) => mintedTokens(now)],
  ] satisfies readonly (readonly [string, MakeFar])[])("A rotation of %s", async (_, makeFar) => {
    const { calls, outcomes } = await rotated(server, mount, makeFar)

    it("goes by the calls that are looked at below", () => {
      expect(outcomes.map(({ happened }) => happened)).toEqual(["waiting", "rotated"])
      expect(calls.store.length + calls["far side"].length).toBeGreaterThan(50)
      expect(calls.store).toContain("POST /mount/data/latchkey/rotation/tally/<name>/<rotation>")
      expect(calls.store).toContain("POST /mount/data/tally/<name>")
    })

    it.each(blows(calls))("comes to its end when call $number of the $by $fault: $call", async blow => {
      const seen = await rotated(server, mount, makeFar, blow)
      // One failure is heard of at most once: the next look goes on, or the step itself asks again.
      const failed = seen.outcomes.filter(({ happened }) => happened === "failed" || happened === "held")
      expect(failed.length).toBeLessThanOrEqual(1)
    })
  })
})
