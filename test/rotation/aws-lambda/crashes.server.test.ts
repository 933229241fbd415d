import { describe, expect, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import type { AwsServer } from "../../servers/index.ts"
import { Machine } from "./machine.ts"
import { RotatingService } from "./rotating-service.ts"
import {
  endState,
  PLANS,
  RIGHT_END,
  retireInTime,
  rotateLikeTheService,
  type Scene,
  STEPS,
  sceneOn,
  sceneWith,
} from "./scene.ts"

/** Whether all points are tried everywhere, and not every second one but in the first kind. */
const ALL = process.env.LATCHKEY_CRASH_POINTS === "all"

/** How often a whole rotation changes something, here or at the far side; each of these is a point to die at. */
async function changesOf(server: AwsServer, planOf: (typeof PLANS)[string]): Promise<number> {
  const machine = new Machine()
  const service = await RotatingService.start(server, machine)
  try {
    const scene = await sceneWith(service, machine, server, planOf)
    await whole(scene, await scene.service.begin(scene.name))
    return machine.changes
  } finally {
    await service.close()
  }
}

/** A rotation from its beginning to the end of the old credential, in processes of which each may die. */
async function whole(scene: Scene, token: string): Promise<void> {
  for (const step of STEPS) await scene.step(step, token)
  scene.service.pass(1_000_000)
  await scene.retire()
}

for (const [server, kinds] of [
  ["localstack", Object.keys(PLANS)],
  ["moto", ["minted, with labels"]],
] as const) {
  casesOf({ backend: "aws", server, kind: "fault" }, async running => {
    for (const kind of kinds) {
      const planOf = PLANS[kind] as (typeof PLANS)[string]
      const changes = await changesOf(running, planOf)
      const all = Array.from({ length: changes }, (_, index) => index + 1).flatMap(at =>
        [false, true].map(after => [at, after ? "after" : "before", after] as const),
      )
      const isWhole = ALL || (server === "localstack" && kind === kinds[0])
      const points = isWhole ? all : all.filter(([at, , after]) => (at % 2 === 0) === after)

      describe(`a function that dies, ${kind}`, () => {
        it.for(points)(`at change %i of ${changes}, %s it, has the right end`, async ([at, , after]) => {
          const scene = await sceneOn(running, planOf)
          const token = await scene.service.begin(scene.name)
          scene.machine.dieAt(at, after)
          await expect(whole(scene, token)).rejects.toThrow()
          expect(scene.machine.dead).toBe(true)
          expect(scene.far.accepts(await scene.current()), "what is read works").toBe(true)
          scene.machine.revive()
          await rotateLikeTheService(scene, await rotationIn(scene, token))
          expect(scene.far.accepts(await scene.current()), "what is read works").toBe(true)
          await retireInTime(scene)
          expect(await endState(scene)).toEqual(RIGHT_END)
        })
      })
    }
  })
}

/** The token under which the service calls again: another one if it has ended the rotation. */
async function rotationIn({ service, name }: Scene, token: string): Promise<string> {
  const labels = (await service.labels(name))[token] ?? []
  return labels.length === 0 ? await service.begin(name) : token
}
