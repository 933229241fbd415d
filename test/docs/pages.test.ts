import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Secret } from "latchkey"
import { expect, test } from "vitest"
import { targetsOf } from "../../scripts/check/links.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter(page => page !== "" && existsSync(join(ROOT, page)))

/** What stands where something was to be written later. The words of code are looked for in all files elsewhere. */
const PLACEHOLDER = /\b(?:RESULTS|TBD|TBA|PLACEHOLDER|lorem|ipsum)\b/

test("there are pages", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/api.md"]))
})

test.each(pages)("%s is finished", page => {
  expect(readFileSync(join(ROOT, page), "utf8")).not.toMatch(PLACEHOLDER)
})

test.each(pages)("the links of %s lead somewhere", page => {
  const targets = targetsOf(readFileSync(join(ROOT, page), "utf8"))
  expect(targets.filter(target => !existsSync(join(ROOT, dirname(page), target)))).toEqual([])
})

test("a forgotten reveal() fails with the message that docs/values.md quotes", () => {
  const token = Secret.fixed("tally/api-token", "tly-docs")
  const quoted = readFileSync(join(ROOT, "docs/values.md"), "utf8").match(/^TypeError: (.*)$/m)?.[1]
  expect(quoted).toBeDefined()
  expect(() => new Headers({ authorization: `Bearer ${token}` })).toThrow(quoted)
})
