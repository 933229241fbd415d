import { describe, expect, it, onTestFinished } from "vitest"
import {
  type PgBossOptions,
  type PgBossRotation,
  rotateWithPgBoss,
} from "../../../../src/rotation/engines/pg-boss/index.ts"
import type { RotationPlan, Rotator } from "../../../../src/rotation/index.ts"
import { expectNoLeak } from "../../../support/canary.ts"
import { checkedFakeClock } from "../../../support/clock.ts"
import { eventually } from "../../../support/eventually.ts"
import { type FarSide, generatedPlan, mintedPlan } from "../../support/far-side.ts"
import { NAME, type Scene, type SceneOptions, scene } from "../../support/scene.ts"
import { FakeQueue, type KeptJob } from "./fake-queue.ts"

/** A grace of 71 seconds, so that it ends before the next round. */
const quick = { consumers: { ttl: "1m", maxStale: "0s", callTimeout: "5s", tokenLifetime: "0s" } } as const

interface Queued extends Scene {
  readonly queue: FakeQueue
  readonly rotation: PgBossRotation
  /** Another process on the same queue. */
  another(options?: PgBossOptions): Promise<PgBossRotation>
  /** Does the jobs that may be done, one after the other, as they come. */
  work(): Promise<KeptJob[]>
}

/** A scene whose secret is rotated by a queue. */
async function queued(options: SceneOptions, more: PgBossOptions = {}): Promise<Queued> {
  const set = await scene(options)
  const { canary, clock, rotator, replica, done } = set
  const queue = new FakeQueue(clock)
  const stopping: PgBossRotation[] = []
  const begin = async (of = rotator, own: PgBossOptions = {}): Promise<PgBossRotation> => {
    const rotation = await rotateWithPgBoss(queue, of, { clock, ...more, ...own })
    stopping.push(rotation)
    return rotation
  }
  onTestFinished(async () => {
    for (const rotation of stopping) await done(rotation.stop())
    expectNoLeak(canary, queue.jobs, queue.schedules)
  })
  const rotation = await begin()
  return {
    ...set,
    queue,
    rotation,
    another: async own => await begin(replica(), own),
    async work() {
      const over: KeptJob[] = []
      for (let next = queue.next(); next !== undefined; next = queue.next()) over.push(await done(next))
      return over
    },
  }
}

const minted = (far: FarSide): RotationPlan => mintedPlan(far, quick)

/** Lets the far side never answer to a mint. @returns whether somebody waits for that */
function hangIn(far: FarSide): () => boolean {
  let isHung = false
  far.after = async (call, { signal }) => {
    if (call !== "mint") return
    isHung = true
    await new Promise<never>((_, reject) => {
      const leave = (): void => {
        isHung = false
        reject(new Error("left"))
      }
      signal.addEventListener("abort", leave, { once: true })
    })
  }
  return () => isHung
}

describe("Rotations by a job queue", () => {
  it("begin with a round in which every secret is looked at, and what is due is rotated to its end", async () => {
    const { queue, rotation, work, clock, far, value } = await queued({ plan: minted })
    expect(queue.made).toMatchObject({ policy: "exclusive", retryBackoff: true })
    expect(queue.schedules).toEqual([
      {
        name: "latchkey-rotation",
        cron: "0 * * * *",
        tz: "UTC",
        data: { round: true },
        singletonKey: "round",
      },
    ])
    expect(rotation.queue).toBe("latchkey-rotation")
    const first = await value()

    const begun = await work()
    expect(begun.map(({ data }) => data)).toEqual([{ round: true }, { secret: NAME }])
    expect(begun.at(-1)?.output).toMatchObject({ happened: "waiting", state: "promoted" })
    expect((await value()) === first).toBe(false)
    expect(far.accepts(first ?? "")).toBe(true)

    expect(await work()).toEqual([])
    // It comes before all that the rounds of many secrets have made.
    expect(queue.jobs.at(-1)).toMatchObject({ state: "waits", priority: 1, at: clock.wall() + 71_000 })
    await clock.advance("72s")
    const ended = await work()
    expect(ended.map(({ output }) => output)).toMatchObject([{ happened: "rotated", state: "idle" }])
    expect(far.accepts(first ?? "")).toBe(false)
    expect(far.ids).toHaveLength(1)
    expect(queue.open).toEqual([])
  })

  it("leave to the next round what is due after it", async () => {
    const { queue, work, clock } = await queued({ plan: far => generatedPlan(far) })
    await work()
    expect(queue.open).toEqual([])
    await clock.advance("66m")
    await queue.send("", { round: true }, { singletonKey: "round" })
    expect((await work()).at(-1)?.output).toMatchObject({ happened: "rotated" })
  })

  it("are put off by a look that comes at the end of another one, and never by more than two", async () => {
    const { queue, work, clock } = await queued({
      plan: minted,
      rotation: { schedule: { interval: "5m" }, jitter: "0%" },
    })
    const seen: unknown[] = []
    for (let minutes = 0; minutes < 40; minutes += 1) {
      for (const { output } of await work()) seen.push((output as { happened?: string }).happened)
      if (minutes % 10 === 0) await queue.send("", { round: true }, { singletonKey: "round" })
      expect(queue.open.filter(key => key.startsWith("next:")).length).toBeLessThanOrEqual(2)
      await clock.advance("1m")
    }
    expect(seen.filter(happened => happened === "rotated")).toHaveLength(8)
    expect(queue.jobs.filter(({ state }) => state === "failed")).toEqual([])
  })

  it("do not pile up, however many replicas begin and however many rounds go by unworked", async () => {
    const { queue, another, work, far } = await queued({ plan: minted })
    for (let count = 0; count < 4; count += 1) await another()
    for (let rounds = 0; rounds < 5; rounds += 1)
      await queue.send("", { round: true }, { singletonKey: "round" })
    expect(queue.open).toEqual(["round"])
    await work()
    for (let rounds = 0; rounds < 5; rounds += 1) {
      await queue.send("", { round: true }, { singletonKey: "round" })
      await queue.next()
    }
    expect(queue.open.sort()).toEqual([`look:${NAME}`, `next:${NAME}:1`, `next:${NAME}:2`])
    await work()
    expect(far.calls.filter(call => call === "mint")).toHaveLength(1)
    expect(queue.workers).toBe(10)
  })

  it("fail their job with the error of the step, and go on when the queue tries it again", async () => {
    const { queue, work, clock, far, canary } = await queued({ plan: minted })
    let failing = true
    far.before = call => {
      if (call === "mint" && failing) throw new Error(`no luck with ${canary.text}`)
    }
    const [, failed] = await work()
    expect(failed).toMatchObject({ state: "waits", output: { code: "UNAVAILABLE", secret: NAME } })
    expectNoLeak(canary, failed?.output)
    failing = false
    // The queue's own pause is the longer one, so that no try is spent on the pause of the Rotator.
    await clock.advance(`${queue.made?.retryDelay ?? 0}s`)
    expect(await work()).toMatchObject([{ tries: 2, output: { happened: "waiting", state: "promoted" } }])
  })

  it("fail when a person has to look, with the command that helps", async () => {
    const { work, far, clock } = await queued({ plan: far => mintedPlan(far, { ...quick, labels: false }) })
    far.after = call => {
      if (call === "mint") throw new Error("the answer was lost")
    }
    await work()
    far.after = undefined
    await clock.advance("75s")
    const [look] = await work()
    expect(look).toMatchObject({ state: "waits", output: { code: "CONFLICT", secret: NAME } })
    expect(String(look?.output)).toContain(`latchkey rotate ${NAME} --resume`)
  })

  it("wait for a person without failing", async () => {
    const { work } = await queued({
      plan: far => ({ ...generatedPlan(far), awaits: async () => "put the new token into the file" }),
    })
    const [, look] = await work()
    expect(look).toMatchObject({
      state: "done",
      output: { happened: "awaits", problem: "put the new token into the file" },
    })
  })

  it("leave a job whose time is over, and another worker goes on from there", async () => {
    const { queue, work, another, done, far, clock, journal } = await queued({ plan: minted, lease: "2m" })
    await another()
    await done(queue.next() ?? Promise.reject(new Error("there is no round")))
    const hung = hangIn(far)
    const job = queue.next()
    await eventually(() => expect(hung()).toBe(true))
    queue.expire()
    expect(await job).toMatchObject({ state: "waits" })
    await clock.advance("5s")
    expect(hung()).toBe(false)
    expect(await journal()).toMatchObject({ state: "minting" })
    far.after = undefined

    // The lease of the one that left is still held, and then it is not.
    const looks: KeptJob[] = []
    for (let minutes = 0; minutes < 6; minutes += 1) {
      await clock.advance("1m")
      looks.push(...(await work()))
    }
    const happened = looks.map(({ output }) => (output as { happened?: string }).happened)
    expect(happened.at(-1)).toBe("rotated")
    expect(far.calls.filter(call => call === "mint")).toHaveLength(2)
    expect(far.ids).toHaveLength(1)
  })

  it("stop when the present step has ended, and their job is tried again", async () => {
    const { queue, rotation, far, done, work, clock, another } = await queued({ plan: minted })
    await queue.next()
    let goOn = (): void => undefined
    far.before = async call => {
      if (call === "mint") await new Promise<void>(resolve => (goOn = resolve))
    }
    const job = queue.next()
    await eventually(() => expect(far.calls).toContain("mint"))
    let isStopped = false
    const stopping = rotation.stop().then(() => (isStopped = true))
    await clock.advance("1s")
    expect(isStopped).toBe(false)
    goOn()
    await done(stopping)
    expect(await job).toMatchObject({ state: "waits", output: { code: "ABORTED" } })
    expect(queue.workers).toBe(0)
    await rotation.stop()
    far.before = undefined

    await another()
    await clock.advance("3m")
    expect((await work()).map(({ output }) => output)).toContainEqual(
      expect.objectContaining({ happened: "waiting", state: "promoted" }),
    )
    expect(far.calls.filter(call => call === "mint")).toHaveLength(1)
  })

  it("stop only when that has ended, too, whose time was over", async () => {
    const { queue, rotation, far, clock, done } = await queued({ plan: minted })
    await queue.next()
    const hung = hangIn(far)
    const job = queue.next()
    await eventually(() => expect(hung()).toBe(true))
    queue.expire()
    await job
    const stopping = rotation.stop().then(() => hung())
    await clock.advance("4s")
    expect(hung()).toBe(true)
    expect(await done(stopping)).toBe(false)
  })

  it("end a round in the middle, of which the next one makes what is missing", async () => {
    const clock = checkedFakeClock()
    const queue = new FakeQueue(clock)
    const rotator = {
      health: () => ({ rotations: ["one", "two", "three"].map(name => ({ name })) }),
    } as unknown as Rotator
    const rotation = await rotateWithPgBoss(queue, rotator, { clock })
    queue.fails = call => {
      if (call === "send") void rotation.stop()
    }
    expect(await queue.next()).toMatchObject({ state: "waits", output: { code: "ABORTED", secret: "two" } })
    queue.fails = undefined
    const other = await rotateWithPgBoss(queue, rotator, { clock })
    await clock.advance("75s")
    expect(await queue.next()).toMatchObject({ output: { secrets: 3 } })
    expect(queue.open).toEqual(["look:one", "look:two", "look:three"])
    await other.stop()
  })
})

describe("What the queue does not do", () => {
  it("is told in our words, and what was begun is ended", async () => {
    for (const failing of ["createQueue", "getQueue", "schedule", "work", "send"] as const) {
      const { rotator, clock, canary } = await scene({ plan: minted })
      const queue = new FakeQueue(clock)
      queue.fails = call => {
        if (call === failing)
          throw Object.assign(new Error(`insert … ${canary.text}`), { code: "ECONNREFUSED" })
      }
      const failed = await rotateWithPgBoss(queue, rotator, { clock }).catch((thrown: unknown) => thrown)
      expect(failed).toMatchObject({ code: "UNAVAILABLE", store: "pg-boss" })
      expectNoLeak(canary, failed)
      expect(String(failed)).toContain("ECONNREFUSED")
      expect(queue.workers).toBe(0)
    }
  })

  it("is refused as the caller's mistake where pg-boss asserts it", async () => {
    const { rotator, clock } = await scene({ plan: minted })
    const queue = new FakeQueue(clock)
    queue.fails = call => {
      if (call === "schedule") throw Object.assign(new Error("no"), { code: "ERR_ASSERTION" })
    }
    await expect(rotateWithPgBoss(queue, rotator, { clock })).rejects.toMatchObject({ code: "MISCONFIGURED" })
  })

  it("fails the look whose next look could not be put into it, so that the look comes again", async () => {
    const { queue, work, clock } = await queued({ plan: minted })
    await queue.next()
    queue.fails = call => {
      if (call === "send") throw new Error("down")
    }
    expect(await work()).toMatchObject([
      { state: "waits", output: { code: "UNAVAILABLE", store: "pg-boss" } },
    ])
    queue.fails = undefined
    await clock.advance("75s")
    expect(await work()).toMatchObject([{ state: "done", output: { happened: "rotated" } }])
  })

  it("is a failure of stop() where it cannot end its workers, after all has ended that could", async () => {
    const { rotator, clock } = await scene({ plan: minted })
    const queue = new FakeQueue(clock)
    const rotation = await rotateWithPgBoss(queue, rotator, { clock })
    queue.fails = call => {
      if (call === "offWork") throw new Error("down")
    }
    await expect(rotation.stop()).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(queue.workers).toBe(0)
  })
})

describe("What is refused", () => {
  it("a queue of another policy, before anybody works on it", async () => {
    for (const policy of ["standard", "short", "singleton", "stately", undefined]) {
      const { rotator, clock } = await scene({ plan: minted })
      const queue = new FakeQueue(clock)
      queue.made = policy === undefined ? {} : { policy }
      await expect(rotateWithPgBoss(queue, rotator, { clock })).rejects.toMatchObject({
        code: "MISCONFIGURED",
        hint: expect.stringContaining("exclusive"),
      })
      expect([queue.workers, queue.jobs, queue.schedules]).toEqual([0, [], []])
    }
  })

  it("a job that says no secret, and one of which this process knows nothing", async () => {
    const { queue, work } = await queued({ plan: minted })
    await work()
    for (const data of [{}, { secret: 1 }, { rotate: "a-value-in-the-wrong-place" }, { secret: "no/such" }]) {
      await queue.send("", data, { singletonKey: JSON.stringify(data) })
      const [job] = await work()
      expect(job).toMatchObject({ state: "waits", output: { code: "MISCONFIGURED" } })
      expect(String(job?.output)).not.toContain("a-value-in-the-wrong-place")
    }
  })

  it.each([
    [{ queues: "a" }],
    [{ queue: "" }],
    [{ queue: "a b" }],
    [{ queue: 7 }],
    [{ atOnce: 0 }],
    [{ atOnce: 1.5 }],
    [{ pollEvery: "100ms" }],
    [{ pollEvery: "soon" }],
    [{ cron: "hourly" }],
    [{ cron: "0 0 * * * *" }],
    [{ cron: "0 0 31 2 *" }],
  ])("options that do not fit: %j", async options => {
    const { rotator, clock } = await scene({ plan: minted })
    const queue = new FakeQueue(clock)
    const made = rotateWithPgBoss(queue, rotator, options as PgBossOptions)
    await expect(made).rejects.toMatchObject({ code: "MISCONFIGURED" })
    expect(queue.made).toBeUndefined()
  })

  it("what is no queue", async () => {
    const { rotator } = await scene({ plan: minted })
    for (const boss of [undefined, {}, { send: () => undefined }])
      await expect(rotateWithPgBoss(boss as unknown as FakeQueue, rotator)).rejects.toMatchObject({
        code: "MISCONFIGURED",
      })
  })
})
