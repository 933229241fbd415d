import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import type { AwsServer } from "../../servers/index.ts"
import { GRACE } from "./far-side.ts"
import {
  endState,
  FIRST,
  failureOf,
  LEASE,
  PLANS,
  RIGHT_END,
  retireInTime,
  rotateLikeTheService,
  type Scene,
  STEPS,
  sceneOn,
} from "./scene.ts"

const minted = (server: AwsServer) => sceneOn(server, far => far.minting(true))

/** Does the first so many of the four steps. */
async function doSteps(scene: Scene, token: string, many: number): Promise<void> {
  for (const step of STEPS.slice(0, many)) await scene.step(step, token)
}

/** A rotation with all that comes after it. */
async function comesToTheRightEnd(scene: Scene, token: string): Promise<void> {
  await rotateLikeTheService(scene, token)
  await retireInTime(scene)
  expect(await endState(scene)).toEqual(RIGHT_END)
}

for (const server of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server, kind: "fault" }, running => {
    describe("a rotation that got stuck, and that the service has begun anew", () => {
      it.for(
        Object.entries(PLANS).flatMap(([kind, planOf]) => [1, 2].map(done => [kind, done, planOf] as const)),
      )("%s, after %i steps is taken back, with its credential", async ([, done, planOf]) => {
        const scene = await sceneOn(running, planOf)
        await doSteps(scene, await scene.service.begin(scene.name), done)
        scene.service.pass(LEASE)
        await comesToTheRightEnd(scene, await scene.service.begin(scene.name))
        expect(scene.far.minted).toBe(2)
      })

      it("while it made a credential, of which nobody else has heard, is taken back as well", async () => {
        const scene = await minted(running)
        const first = await scene.service.begin(scene.name)
        // The claim, the state before it makes something, and then the far side.
        scene.machine.dieAt(3, true)
        expect(await failureOf(scene.step("createSecret", first))).toBeDefined()
        expect([scene.machine.passed.at(-1), scene.far.credentials.size]).toEqual(["mint", 2])
        scene.machine.revive()
        const second = await scene.service.begin(scene.name)
        const early = await failureOf(scene.step("createSecret", second))
        expect([early?.code, (early?.retryAfterMs ?? 0) > 0]).toEqual(["UNAVAILABLE", true])
        scene.service.pass(LEASE)
        await comesToTheRightEnd(scene, second)
      })

      it("because the far side made nothing, and said so, goes on with the very next call", async () => {
        const scene = await minted(running)
        const token = await scene.service.begin(scene.name)
        scene.far.refusesToMint = true
        expect((await failureOf(scene.step("createSecret", token)))?.code).toBe("DENIED")
        expect(await scene.journal()).toMatchObject({ state: "claimed", leaseUntil: 0 })
        scene.far.refusesToMint = false
        await comesToTheRightEnd(scene, token)
        expect(scene.far.minted).toBe(1)
      })

      it("when it was verified waits for a person, because it may come into force at any moment", async () => {
        const scene = await minted(running)
        await doSteps(scene, await scene.service.begin(scene.name), 3)
        scene.service.pass(LEASE)
        const second = await scene.service.begin(scene.name)
        const blocked = await failureOf(scene.step("createSecret", second))
        expect([blocked?.code, blocked?.hint]).toEqual(["CONFLICT", expect.stringContaining('"abort"')])
        expect((await failureOf(scene.retire()))?.code).toBe("CONFLICT")
        expect(await scene.invoke({ latchkey: "abort", secret: scene.name })).toMatchObject({
          secrets: [{ state: "idle", happened: "taken-back" }],
        })
        expect(scene.events).toContainEqual(
          expect.objectContaining({ notice: { about: "new-left-to-person", id: "id-of-minted-1" } }),
        )
        await rotateLikeTheService(scene, second)
        await retireInTime(scene)
        // What a person let go of is the person's to end, also though it carries our label: somebody may hold it.
        expect(await endState(scene)).toEqual({ ...RIGHT_END, accepted: 2 })
      })
    })

    describe("the service's own token", () => {
      it("that is not staged is refused, and nothing is begun", async () => {
        const scene = await minted(running)
        const token = await scene.service.begin(scene.name)
        for (const step of STEPS)
          expect((await failureOf(scene.step(step, randomUUID())))?.code).toBe("CONFLICT")
        await scene.service.unstage(scene.name)
        expect((await failureOf(scene.step("createSecret", token)))?.code).toBe("CONFLICT")
        expect([scene.far.minted, await scene.journal(), await scene.current()]).toEqual([
          0,
          undefined,
          FIRST,
        ])
      })

      it("that is current already ends every step at once, and asks nobody else", async () => {
        const scene = await minted(running)
        const token = await scene.service.begin(scene.name)
        await doSteps(scene, token, 4)
        for (const step of STEPS) {
          scene.machine.revive()
          await scene.step(step, token)
          expect([scene.machine.changes, scene.machine.passed.filter(one => !/^[A-Z]/.test(one))]).toEqual([
            0,
            [],
          ])
        }
      })

      it("of a secret whose rotation was cancelled is refused, and so is a secret that is not there or has no plan", async () => {
        const scene = await minted(running)
        const token = await scene.service.begin(scene.name)
        scene.service.cancel(scene.name)
        expect((await failureOf(scene.step("createSecret", token)))?.code).toBe("MISCONFIGURED")
        const elsewhere = { Step: "createSecret", ClientRequestToken: token }
        const missing = `${scene.name}/missing`
        expect((await failureOf(scene.invoke({ ...elsewhere, SecretId: missing })))?.code).toBe("NOT_FOUND")
        const other = await sceneOn(running, far => far.minting(true))
        await other.service.begin(other.name)
        const strange = await failureOf(other.invoke({ ...elsewhere, SecretId: scene.arn }))
        expect(strange?.code).toBe("MISCONFIGURED")
      })

      it("comes with another one for a secret of another account, which is passed on", async () => {
        const scene = await minted(running)
        const token = await scene.service.begin(scene.name)
        await scene.step("createSecret", token, { RotationToken: "a-token-of-the-service" })
        expect(scene.service.rotationTokens).toEqual(["a-token-of-the-service"])
      })
    })

    it("a new credential that the far side refuses is taken back, and the next rotation begins anew", async () => {
      for (const planOf of Object.values(PLANS)) {
        const scene = await sceneOn(running, planOf)
        const token = await scene.service.begin(scene.name)
        await doSteps(scene, token, 2)
        scene.far.refusesNew = true
        const refused = await failureOf(scene.step("testSecret", token))
        expect([refused?.code, refused?.message]).toEqual([
          "UNAVAILABLE",
          expect.stringContaining("taken back"),
        ])
        expect([await scene.current(), scene.far.credentials.size]).toEqual([FIRST, 1])
        expect((await scene.service.labels(scene.name))[token] ?? []).toEqual([])
        expect((await failureOf(scene.step("createSecret", token)))?.code).toBe("CONFLICT")
        scene.far.refusesNew = false
        await comesToTheRightEnd(scene, await scene.service.begin(scene.name))
      }
    })

    it("a value that a person writes meanwhile is never written over", async () => {
      const scene = await minted(running)
      const token = await scene.service.begin(scene.name)
      await doSteps(scene, token, 3)
      scene.far.adopt("byhand-2-value")
      await scene.putByHand("byhand-2-value")
      const blocked = await failureOf(scene.step("finishSecret", token))
      expect([blocked?.code, blocked?.hint]).toEqual(["CONFLICT", expect.stringContaining(scene.name)])
      expect(await scene.current()).toBe("byhand-2-value")
      await scene.invoke({ latchkey: "abort", secret: scene.name })
      await rotateLikeTheService(scene, await scene.service.begin(scene.name))
      await retireInTime(scene)
      // What the person put in is ended by the rotation after it; what was replaced, and what was let go of, is the person's.
      expect(await endState(scene)).toEqual({ ...RIGHT_END, accepted: 3 })
      expect([scene.far.accepts(FIRST), scene.far.accepts("byhand-2-value")]).toEqual([true, false])
    })

    describe("a rotation before the grace of the last one is over", () => {
      it("is refused, and afterwards retires the old one itself", async () => {
        const scene = await minted(running)
        await doSteps(scene, await scene.service.begin(scene.name), 4)
        const second = await scene.service.begin(scene.name)
        const early = await failureOf(scene.step("createSecret", second))
        expect([early?.code, early?.message]).toEqual(["UNAVAILABLE", expect.stringMatching(/until \d{4}-/)])
        expect(scene.far.ended).toEqual([])
        scene.service.pass(GRACE + LEASE)
        await scene.step("createSecret", second)
        expect(scene.far.ended).toEqual(["id-of-first-value"])
        await comesToTheRightEnd(scene, second)
      })

      it("can be had by a person who says that the old one is compromised", async () => {
        const scene = await minted(running)
        await doSteps(scene, await scene.service.begin(scene.name), 4)
        const hurry = { secret: scene.name, compromised: true }
        expect(await scene.retire(hurry)).toMatchObject({ secrets: [{ happened: "retired", state: "idle" }] })
        expect(scene.far.accepts(FIRST)).toBe(false)
        expect(await endState(scene)).toEqual(RIGHT_END)
      })
    })

    it("a person goes back to the value before while it is not retired, and the new one is ended after the grace", async () => {
      const scene = await minted(running)
      await doSteps(scene, await scene.service.begin(scene.name), 4)
      expect(await scene.invoke({ latchkey: "rollback", secret: scene.name })).toMatchObject({
        secrets: [{ happened: "moved", state: "promoted" }],
      })
      expect(await scene.current()).toBe(FIRST)
      await retireInTime(scene)
      expect([scene.far.ended, scene.far.credentials.size]).toEqual([["id-of-minted-1"], 1])
      expect((await failureOf(scene.invoke({ latchkey: "rollback", secret: scene.name })))?.code).toBe(
        "CONFLICT",
      )
      await comesToTheRightEnd(scene, await scene.service.begin(scene.name))
    })

    it("a credential of which nobody can know waits for a person, who looks and goes on", async () => {
      const scene = await sceneOn(running, far => ({ ...far.minting(false), exclusive: false }))
      const token = await scene.service.begin(scene.name)
      scene.machine.dieAt(3, true)
      expect(await failureOf(scene.step("createSecret", token))).toBeDefined()
      scene.machine.revive()
      // Whoever made it may only be slow, and come back with it.
      const early = await failureOf(scene.step("createSecret", token))
      expect([early?.code, (early?.retryAfterMs ?? 0) > 0]).toEqual(["UNAVAILABLE", true])
      scene.service.pass(LEASE)
      const blocked = await failureOf(scene.step("createSecret", token))
      expect([blocked?.code, blocked?.hint]).toEqual(["CONFLICT", expect.stringContaining('"resume"')])
      scene.far.credentials.delete("id-of-minted-1")
      expect(await scene.invoke({ latchkey: "resume", secret: scene.name })).toMatchObject({
        secrets: [{ happened: "moved" }],
      })
      await comesToTheRightEnd(scene, token)
      expect((await failureOf(scene.invoke({ latchkey: "resume", secret: scene.name })))?.code).toBe(
        "CONFLICT",
      )
      expect((await failureOf(scene.invoke({ latchkey: "abort", secret: scene.name })))?.code).toBe(
        "CONFLICT",
      )
    })

    it("a far side that does not answer leaves the function its last seconds to say so", async () => {
      const scene = await minted(running)
      const token = await scene.service.begin(scene.name)
      scene.far.hangs = true
      const event = { Step: "createSecret", SecretId: scene.arn, ClientRequestToken: token }
      const cut = await failureOf(scene.invoke(event, 4_000))
      expect(cut?.code).toBe("ABORTED")
      scene.far.hangs = false
      scene.service.pass(LEASE)
      await comesToTheRightEnd(scene, token)
    })
  })
}
