import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, it } from "vitest"
import type { TestModule } from "vitest/node"
import { newFolder } from "./fake/place.ts"
import { countCases, reasonsIn, tableOf } from "./vitest/count-cases.ts"
import { namesIn } from "./vitest/names-in.ts"

/** A test as the reporter gets it, inside of suites with this meta, from the inside out. */
function testIn(result: object, ...metas: readonly object[]) {
  let parent: object = { type: "module" }
  for (const meta of metas.toReversed()) parent = { type: "suite", meta: () => meta, parent }
  return { result: () => result, parent }
}

function moduleOf(...tests: readonly object[]): TestModule {
  return { children: { allTests: () => tests } } as unknown as TestModule
}

const CONTRACT = { cases: { backend: "vault", server: "openbao", kind: "contract" } }
const FAULT = { cases: { backend: "vault", server: "openbao", kind: "fault" } }

it("counts by backend, server and kind over all files, and only what is inside of such a group", () => {
  const counts = countCases([
    moduleOf(testIn({ state: "passed" }, {}, CONTRACT), testIn({ state: "failed" }, CONTRACT)),
    moduleOf(
      testIn({ state: "passed" }, CONTRACT),
      testIn({ state: "passed" }, FAULT),
      testIn({ state: "passed" }, {}),
    ),
  ])
  expect(tableOf(counts)).toBe(
    [
      "backend  server   kind      passed  failed  skipped",
      "vault    openbao  contract       2       1        0",
      "vault    openbao  fault          1       0        0",
    ].join("\n"),
  )
})

it("says why tests did not run, each reason once, also of those that nobody counts", () => {
  const note = "moto is not to be had: there is no Python"
  const modules = [
    moduleOf(
      testIn({ state: "skipped", note }, CONTRACT),
      testIn({ state: "skipped", note }),
      testIn({ state: "skipped" }),
    ),
  ]
  expect(reasonsIn(modules)).toEqual([note])
  expect(tableOf(countCases(modules))).toMatch(/vault +openbao +contract +0 +0 +1$/)
})

it("says nothing where nothing was counted", () => {
  expect(tableOf(countCases([moduleOf(testIn({ state: "passed" }))]))).toBe("")
})

it("finds the servers that test files name", async () => {
  const folder = await newFolder()
  const [one, other] = [join(folder, "one.ts"), join(folder, "other.ts")]
  await writeFile(one, 'casesOf({ backend: "aws", server: "localstack", kind: "contract" }, () => undefined)')
  await writeFile(other, "const proxy = await proxyTo(host, port) // vaults and motors are no names")
  expect(namesIn([one, other])).toEqual(["localstack", "toxiproxy"])
})
