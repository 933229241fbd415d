import { describe, expect, it } from "vitest"
import { permitted } from "../../permissions/files.ts"
import { casesOf } from "../../servers/cases.ts"
import {
  endState,
  FIRST,
  failureOf,
  PLANS,
  RIGHT_END,
  retireInTime,
  rotateLikeTheService,
  STEPS,
  type Step,
  sceneOn,
} from "./scene.ts"

/** All orders of the four steps. */
function permutations(steps: readonly Step[]): readonly (readonly Step[])[] {
  if (steps.length <= 1) return [steps]
  return steps.flatMap((step, place) =>
    permutations(steps.filter((_, other) => other !== place)).map(rest => [step, ...rest]),
  )
}

for (const server of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server, kind: "contract" }, running => {
    describe.for(Object.entries(PLANS))("a rotation that the service calls for, %s", ([, planOf]) => {
      it("is brought on step by step, and its old credential ended by the schedule", async () => {
        const scene = await sceneOn(running, planOf)
        const token = await scene.service.begin(scene.name)
        await scene.step("createSecret", token)
        expect((await scene.service.labels(scene.name))[token]).toEqual(["AWSPENDING"])
        expect(await scene.current()).toBe(FIRST)
        await scene.step("setSecret", token)
        await scene.step("testSecret", token)
        expect(await scene.current()).toBe(FIRST)
        await scene.step("finishSecret", token)
        expect(await scene.current()).not.toBe(FIRST)
        expect((await scene.service.labels(scene.name))[token]).toEqual(["AWSCURRENT"])
        expect([...scene.far.credentials.values()].map(({ value }) => value)).toContain(FIRST)
        expect(await scene.retire()).toMatchObject({
          secrets: [{ secret: scene.name, state: "promoted", happened: "waiting" }],
        })
        await retireInTime(scene)
        expect(await endState(scene)).toEqual(RIGHT_END)
        expect(scene.far.accepts(FIRST)).toBe(false)
        expect(await scene.retire()).toMatchObject({ secrets: [{ happened: "nothing", state: "idle" }] })
      })
    })

    it("needs no other permissions than those that the documentation names, and all of them", async () => {
      const scene = await sceneOn(running, far => far.minting(true))
      const token = await scene.service.begin(scene.name)
      for (const step of STEPS) await scene.step(step, token)
      scene.service.pass(1_000_000)
      await scene.retire()
      const asked = scene.machine.passed.filter(one => /^[A-Z]/.test(one)).map(one => `secretsmanager:${one}`)
      expect([...new Set(asked)].toSorted()).toEqual([...permitted("aws-rotation")].toSorted())
    })

    describe("the four steps, in any order and repeated", () => {
      const orders: readonly (readonly Step[])[] = [
        ...permutations(STEPS),
        ...STEPS.map(step => [step, step] as const),
        [
          "createSecret",
          "createSecret",
          "setSecret",
          "createSecret",
          "testSecret",
          "setSecret",
          "finishSecret",
        ],
        ["finishSecret", "createSecret", "finishSecret", "testSecret", "finishSecret"],
      ]
      it.for(orders.map(order => [order.join(", "), order] as const))("%s, have the right end", async ([
        ,
        order,
      ]) => {
        const scene = await sceneOn(running, far => far.minting(true))
        const token = await scene.service.begin(scene.name)
        for (const step of order) {
          await scene.step(step, token)
          expect(scene.far.accepts(await scene.current())).toBe(true)
        }
        expect(await rotateLikeTheService(scene, token)).toBe(token)
        await retireInTime(scene)
        expect(await endState(scene)).toEqual(RIGHT_END)
        expect(scene.far.minted).toBe(1)
      })

      it("at the same time, twice each, have the right end and one credential", async () => {
        const scene = await sceneOn(running, far => far.minting(true))
        const token = await scene.service.begin(scene.name)
        for (const step of STEPS) {
          const twice = await Promise.all([0, 1].map(() => failureOf(scene.step(step, token))))
          for (const failure of twice) expect([undefined, "UNAVAILABLE", "CONFLICT"]).toContain(failure?.code)
        }
        await rotateLikeTheService(scene, token)
        await retireInTime(scene)
        expect(await endState(scene)).toEqual(RIGHT_END)
      })
    })
  })
}
