import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { runChild } from "./child.ts"

const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url))

it("fails the tests that leak a canary, reject unheard or leave a timer, and no others", async () => {
  const ended = await runChild(
    `import { writeFileSync } from "node:fs"
     import { startVitest } from "vitest/node"
     const vitest = await startVitest("test", [], {
       root: process.argv[1], config: process.argv[1] + "/vitest.config.ts", watch: false, reporters: [{}],
     })
     const tests = vitest.state.getTestModules().flatMap(module => [...module.children.allTests()])
     const results = tests.map(test => [test.name, test.result().errors?.map(error => error.message).join() ?? "passed"])
     await vitest.close()
     writeFileSync(1, "RESULTS" + JSON.stringify(results))`,
    { args: [FIXTURES], killAfter: 60_000 },
  )
  const results = JSON.parse(ended.stdout.split("RESULTS")[1] ?? "[]") as [title: string, outcome: string][]
  expect(results).toEqual([
    ["prints its canary", expect.stringContaining("what the test wrote: the text in clear")],
    ["writes its canary in base64", expect.stringContaining("what the test wrote: the text in base64")],
    ["watches an error that holds its canary", expect.stringContaining("watched thing 1: the text in clear")],
    ["leaves a rejection to nobody", expect.stringContaining("1 rejections were not handled")],
    ["leaves a timer", expect.stringContaining("a background timer, due in 5 ms, was left behind")],
    ["leaves nothing", "passed"],
  ])
}, 60_000)
