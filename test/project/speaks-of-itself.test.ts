import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../scripts/project.ts"

/** What no tracked file may contain, beside this one, which has to name it. */
const FORBIDDEN: ReadonlyMap<string, RegExp> = new Map([
  ["something left undone", /\b(?:TODO|FIXME|XXX|HACK)\b/],
  ["the address of a package registry", /\bhttps?:\/\/(?:registry|proxy|sum|files|repo|index|static)\.[a-z]/],
  ["where a package was downloaded from", /"resolved": "(?:https?:|git)/],
  ["a folder of the machine it was written on", folderPattern(root, dirname(root), homedir())],
  ["a test that is switched off or alone", /\b(?:describe|it|test)\.(?:skip|only|todo|fails)\b/],
  ["a way around the types", /@ts-(?:ignore|nocheck)/],
])

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\0")
  .filter(file => file !== "" && file !== "test/project/speaks-of-itself.test.ts")
  .filter(file => existsSync(join(root, file)))

test.for([...FORBIDDEN])("no file of the project contains %s", ([, pattern]) => {
  const found = files.flatMap(file =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? `${file}:${index + 1}` : [])),
  )
  expect(found).toEqual([])
})

test("the patterns find what they are for", () => {
  const examples = [
    "// TODO: mend",
    "https://registry.example.org/latchkey",
    '"resolved": "https://example.org/latchkey.tgz"',
    join(root, "elsewhere"),
    'test.skip("later")',
    "// @ts-ignore",
  ]
  const patterns = [...FORBIDDEN.values()]
  expect(examples.map((example, index) => patterns[index]?.test(example))).toEqual(examples.map(() => true))
})

test("what a developer's machine keeps for itself is ignored by git", () => {
  const ignored = [
    ".env",
    ".env.local",
    "service.tgz",
    "coverage/index.html",
    "dist/src/index.js",
    "bench/results.json",
  ]
  const output = execFileSync("git", ["check-ignore", "--no-index", ...ignored], {
    cwd: root,
    encoding: "utf8",
  })
  expect(output.trim().split("\n")).toEqual(ignored)
})

/** Folders as they stand in a path, without those that every machine has. */
function folderPattern(...folders: readonly string[]): RegExp {
  const everywhere = ["/", "/tmp", "/home", "/opt", "/srv", "/usr/src", "/var", tmpdir()]
  const own = folders.filter(folder => !everywhere.includes(folder))
  return new RegExp(own.map(folder => `${folder.replaceAll(/[^\w/]/g, "\\$&")}/`).join("|") || "(?!)")
}
