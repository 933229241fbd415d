import { describe, it } from "vitest"
import { testStore } from "../../src/testing/index.ts"
import { reference } from "./reference-store.ts"

// What a correct store must pass: with everything, with nothing, and with the odd ends of what can be declared.

testStore("a store that can do everything", () => reference(), { describe, it })
testStore("a store that can only read", () => reference({ operations: [] }), { describe, it })
testStore(
  "a store with soft deletion, a small limit and preconditions of one kind",
  () =>
    reference({
      largest: 70_000,
      capabilities: { softDelete: true, preconditions: { absent: true, version: false } },
    }),
  { describe, it, patience: "2s" },
)
testStore(
  "a store that writes without promising anything",
  () => reference({ operations: ["write", "delete", "list"], largest: 2 ** 21 }),
  { describe, it },
)

for (const cannotHold of ["", " ", "before\u0000after"]) {
  testStore(
    `a store that cannot hold ${JSON.stringify(cannotHold)}, with a harness that can only put`,
    () => reference({ cannotHold, bareHarness: true }),
    { describe, it },
  )
}
