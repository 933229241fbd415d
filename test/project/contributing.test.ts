import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../scripts/project.ts"

const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8")

test("every file and script that CONTRIBUTING.md names is there", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }
  const links = Array.from(text.matchAll(/\]\(([^)#:]+)\)/g), match => match[1] ?? "")
  const named = Array.from(text.matchAll(/npm run ([\w:]+)/g), match => match[1])
  expect(links.filter(link => !existsSync(join(root, link)))).toEqual([])
  expect(named.filter(name => name === undefined || !(name in scripts))).toEqual([])
  expect([links.length > 3, named.length > 3]).toEqual([true, true])
})
