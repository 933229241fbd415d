import { readFile } from "node:fs/promises"
import { expect, it } from "vitest"
import type { RotationState } from "../../src/core/index.ts"

it("docs/rotation.md draws every state that there is", async () => {
  const drawing = await readFile(new URL("../../docs/images/rotation-states.svg", import.meta.url), "utf8")
  const states: Record<RotationState, true> = {
    idle: true,
    claimed: true,
    cleaning: true,
    minting: true,
    parked: true,
    applied: true,
    verified: true,
    discarding: true,
    published: true,
    promoted: true,
    retiring: true,
    blocked: true,
  }
  const drawn = Array.from(drawing.matchAll(/class="name"[^>]*>(\w+)</g), ([, name]) => name)
  expect(drawn.toSorted()).toEqual(Object.keys(states).toSorted())
})
