import type { RotationOutcome } from "../../../../src/rotation/index.ts"
import type { Place, Way } from "../benches/bench.ts"
import type { Credentials } from "../far-side/far-side.ts"
import { type FarSideServer, serveFarSide } from "../far-side/over-http.ts"
import type { Life } from "../life.ts"
import type { PlanName } from "../plans.ts"
import type { Onlooker } from "../program.ts"
import type { Child } from "./child.ts"

/** What a process rotates, and who looks on. */
export interface ChildProgramParts {
  readonly child: Child
  /** Through which its requests pass. When it is over, the process is killed. */
  readonly life: Life
  readonly place: Place
  readonly credentials: Credentials
  readonly plan: PlanName
  readonly prefix: string
  readonly onlooker: Onlooker
}

/** A program in a process of its own, whose requests pass through a life in this one. */
export class ChildProgram {
  readonly life: Life
  readonly hasOwnTime = true
  readonly #child: Child
  readonly #way: Way
  readonly #far: FarSideServer

  private constructor({ life, child }: ChildProgramParts, way: Way, far: FarSideServer) {
    this.life = life
    this.#child = child
    this.#way = way
    this.#far = far
    const killed = async (): Promise<void> => {
      await life.struck
      if (life.isOver) await child.kill()
    }
    void killed()
  }

  /** Gives a process its task. */
  static async begin(parts: ChildProgramParts): Promise<ChildProgram> {
    const { child, life, place, credentials, plan, prefix, onlooker } = parts
    const way = await place.way(life)
    const far = await serveFarSide(credentials, life)
    const task = { store: way.config, name: place.name, plan, far: far.url, prefix }
    await child.begin(task, {
      async calls(call) {
        life.doing = call
        await onlooker.calls?.(call)
      },
      called: async (call, isChange, isWell) => await onlooker.called(call, isChange, isWell),
      saw: ({ journal, wrote }) => onlooker.saw(journal, wrote),
    })
    return new ChildProgram(parts, way, far)
  }

  async tick(): Promise<RotationOutcome> {
    return await this.#child.does("tick")
  }

  async resume(): Promise<RotationOutcome> {
    return await this.#child.does("resume")
  }

  /** Kills it. */
  async end(): Promise<void> {
    this.life.end()
    await this.#child.kill()
    await this.#way.close()
    await this.#far.close()
  }
}
