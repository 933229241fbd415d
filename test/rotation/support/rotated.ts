import { expect } from "vitest"
import { isSecretError, type RotationState } from "../../../src/core/index.ts"
import type { RotationOutcome } from "../../../src/rotation/index.ts"
import { eventually, type Waiting } from "../../support/eventually.ts"

/** What rotates here, of this build of the library or of the one that users import. */
export interface Rotating {
  rotate(name: string, options: { impatient: boolean }): Promise<Pick<RotationOutcome, "happened" | "state">>
  resume(name: string): Promise<Pick<RotationOutcome, "happened" | "state">>
}

/** Rotates once, to the end: a call to `rotate` after the grace would begin the next one. Failures on the way are tried again. */
export async function rotated(rotator: Rotating, name: string, waiting?: Waiting): Promise<void> {
  let state: RotationState = "idle"
  await eventually(async () => {
    const outcome = await (state === "idle"
      ? rotator.rotate(name, { impatient: true })
      : resumed(rotator, name))
    state = outcome.state ?? state
    expect(outcome).toMatchObject({ happened: "rotated", state: "idle" })
  }, waiting)
}

/** Where the answer to the last write was lost, nothing is on its way any more. */
async function resumed(rotator: Rotating, name: string): ReturnType<Rotating["resume"]> {
  try {
    return await rotator.resume(name)
  } catch (thrown) {
    if (isSecretError(thrown) && thrown.code === "CONFLICT") return { happened: "rotated", state: "idle" }
    throw thrown
  }
}
