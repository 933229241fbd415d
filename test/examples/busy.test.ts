import { expect, test } from "vitest"
import { busyMachine } from "../../examples/tally-mcp-server/demo/busy.ts"

test("a machine on which too much wants to run is said to be busy, with what that does to the story", () => {
  expect(busyMachine(500, [15.2], 2)).toMatch(/busy: 15 programs want to run on 2 processors\. .* 500 ms/)
  expect(busyMachine(500, [4], 2)).toBeDefined()
})

test("nothing is said of one that has time, also where the system does not know", () => {
  expect(busyMachine(500, [3.9], 2)).toBeUndefined()
  expect(busyMachine(500, [0, 0, 0], 1)).toBeUndefined()
  expect(busyMachine(500, [], 1)).toBeUndefined()
})
