import { type Harness, testStore } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import { framework } from "../support/framework.ts"
import { type ReferenceOptions, reference } from "./reference-store.ts"

/** The store with a secret that no check knows of, and that nothing may tell. */
async function withCanary(options?: ReferenceOptions): Promise<Harness> {
  const canary = newCanary()
  const harness = reference(options)
  await harness.put("other/canary", canary.text)
  canary.watch(harness.store)
  return harness
}

// What a correct store must pass: with everything, with nothing, and with the odd ends of what can be declared.

testStore("a store that can do everything", () => withCanary(), framework)
testStore("a store that can only read", () => withCanary({ operations: [] }), framework)
testStore(
  "a store with soft deletion, a small limit and preconditions of one kind",
  () =>
    withCanary({
      largest: 70_000,
      capabilities: { softDelete: true, preconditions: { absent: true, version: false } },
    }),
  framework,
)
testStore(
  "a store that writes without promising anything",
  () => withCanary({ operations: ["write", "delete", "list"], largest: 2 ** 21 }),
  framework,
)

for (const cannotHold of ["", " ", "before\u0000after"]) {
  testStore(
    `a store that cannot hold ${JSON.stringify(cannotHold)}, with a harness that can only put`,
    () => withCanary({ cannotHold, bareHarness: true }),
    framework,
  )
}
