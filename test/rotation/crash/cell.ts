import type { Blow } from "./life.ts"
import type { Child } from "./process/child.ts"
import { type Look, Scene, type SceneParts } from "./scene.ts"

/** How a program is stopped. */
export type StoppingDeed = Exclude<Blow["deed"], "dies">

/** What came of one rotation that something befell. */
export interface Verdict {
  /** What must not be and was, a line each; empty if all is well. */
  readonly wrong: readonly string[]
  /** The steps of the journal that were seen, as `claimed > parked`. */
  readonly transitions: readonly string[]
}

/** A rotation on a good day, and what every request of it is sent for, in their order. */
export async function goodDay(
  parts: SceneParts,
): Promise<Verdict & { readonly requests: readonly string[] }> {
  let requests: readonly string[] = []
  const verdict = await judged(parts, async scene => {
    const program = await scene.program()
    const end = await scene.carryOn(program)
    requests = [...program.life.requests]
    return end
  })
  return { ...verdict, requests }
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
 * The same with a process of its own, which is really killed.
 *
 * @param child one that waits for its task.
 * @param request what the request is sent for at which it is killed.
 */
export async function kill(
  parts: SceneParts,
  child: Child,
  blow: Omit<Blow, "deed">,
  request: string,
): Promise<Verdict> {
  return await judged(parts, async scene => {
    const first = await scene.process(child, { ...blow, deed: "dies" })
    const end = await scene.carryOn(first)
    const last = first.life.requests.at(-1)
    await first.end()
    if (end !== "died" || last !== request)
      throw new Error(`the process was not killed there, but at ${last}`)
    return await scene.carryOn(await scene.program())
  })
}

/**
 * A rotation in whose middle the program is stopped before a request, and goes on when another one has taken over and come
 * to the end. Where that one waits for a person who looks for an orphan, the person has looked.
 */
export async function stop(parts: SceneParts, at: number, deed: StoppingDeed = "stops"): Promise<Verdict> {
  return await judged(parts, async scene => {
    const first = await scene.program({ at, side: "before", deed })
    const end = await scene.carryOn(first)
    if (end !== "stopped") throw new Error("the program was not stopped")
    const second = await scene.program()
    const look = await scene.carryOn(second)
    if (isBlocked(look)) await scene.resume(second)
    await scene.goOn(first)
    await scene.carryOn(first)
    return await scene.carryOn(second)
  })
}

function isBlocked(look: Look): boolean {
  return typeof look === "object" && look.happened === "blocked"
}

/** Two programs that rotate at the same time, as far as two can. */
export interface Meeting {
  /** At which request the first one is stopped, until the second one is. */
  readonly first: number
  /** At which of its own the second one is stopped, until the first one has done what it was about to do. */
  readonly second: number
}

/** A rotation that two programs work at, each of which is stopped before a request and then does it after all. */
export async function meeting(parts: SceneParts, { first, second }: Meeting): Promise<Verdict> {
  return await judged(parts, async scene => {
    const one = await scene.program({ at: first, side: "before", deed: "stops" })
    await scene.carryOn(one)
    const other = await scene.program({ at: second, side: "before", deed: "stops" })
    const look = await scene.carryOn(other)
    await scene.goOn(one)
    if (look === "stopped") await scene.goOn(other)
    return await scene.carryOn(await scene.program())
  })
}

/** A rotation in whose middle a person gives the secret another value, while the program is stopped. */
export async function edit(parts: SceneParts, at: number): Promise<Verdict> {
  return await judged(parts, async scene => {
    const program = await scene.program({ at, side: "before", deed: "stops" })
    await scene.carryOn(program)
    await scene.edit()
    await scene.goOn(program)
    return await scene.carryOn(program)
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
