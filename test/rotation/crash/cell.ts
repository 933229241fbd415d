import type { Blow } from "./life.ts"
import { Scene, type SceneParts } from "./scene.ts"

/** What came of one rotation that something befell. */
export interface Verdict {
  /** What must not be and was, a line each; empty if all is well. */
  readonly wrong: readonly string[]
  /** The steps of the journal that were seen, as `claimed > parked`. */
  readonly transitions: readonly string[]
}

/** What every request of a rotation on a good day is sent for, in their order. */
export async function requestsOf(parts: SceneParts): Promise<readonly string[]> {
  const scene = await Scene.set(parts)
  try {
    const program = await scene.program()
    const wrong = await scene.judge(await scene.carryOn(program))
    if (wrong.length > 0) throw new Error(`it goes wrong on a good day: ${wrong.join("; ")}`)
    return [...program.life.requests]
  } finally {
    await scene.close()
  }
}

/** A rotation in whose middle the program dies, and that another one carries on. */
export async function crash(parts: SceneParts, blow: Omit<Blow, "deed">): Promise<Verdict> {
  return await judged(parts, async scene => {
    const first = await scene.program({ ...blow, deed: "dies" })
    const end = await scene.carryOn(first)
    if (end !== "died") throw new Error("the program did not die")
    return await scene.carryOn(await scene.program())
  })
}

/**
 * A rotation in whose middle the program is stopped, and goes on when another one has taken over and come to the end:
 * what it was about to do is done then.
 */
export async function stop(parts: SceneParts, blow: Omit<Blow, "deed">): Promise<Verdict> {
  return await judged(parts, async scene => {
    const first = await scene.program({ ...blow, deed: "stops" })
    const end = await scene.carryOn(first)
    if (end !== "stopped") throw new Error("the program was not stopped")
    const second = await scene.program()
    await scene.carryOn(second)
    await scene.goOn(first)
    await scene.carryOn(first)
    return await scene.carryOn(second)
  })
}

async function judged(
  parts: SceneParts,
  run: (scene: Scene) => Promise<Awaited<ReturnType<Scene["carryOn"]>>>,
): Promise<Verdict> {
  const scene = await Scene.set(parts)
  try {
    return { wrong: await scene.judge(await run(scene)), transitions: scene.transitions }
  } catch (thrown) {
    return { wrong: [...scene.wrong, (thrown as Error).message], transitions: scene.transitions }
  } finally {
    await scene.close()
  }
}
