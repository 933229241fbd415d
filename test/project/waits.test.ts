import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../scripts/project.ts"

/** What waits for less than a busy machine needs, unless it is told otherwise each time. */
const HASTY = /\bvi\s*\.\s*wait(?:For|Until)\s*\(|\bexpect\s*\.\s*poll\s*\(/g

const places = (text: string): number[] =>
  Array.from(text.matchAll(HASTY), ({ index }) => text.slice(0, index).split("\n").length)

test("whoever waits in a test does it by eventually(), which gives a busy machine its time", () => {
  const files = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.ts"],
    {
      cwd: root,
      encoding: "utf8",
    },
  )
    .split("\0")
    .filter(file => file !== "" && file !== "test/project/waits.test.ts" && existsSync(join(root, file)))
  expect(files).toContain("test/support/eventually.ts")
  const found = files.flatMap(file =>
    places(readFileSync(join(root, file), "utf8")).map(line => `${file}:${line}`),
  )
  expect(found).toEqual([])
})

test("a wait that is hasty is found, also where it goes over several lines", () => {
  const text = [
    "await vi.waitFor(() => check())",
    "await expect",
    "  .poll(() => seen)",
    "vi.waitUntil(done)",
  ]
  expect(places(text.join("\n"))).toEqual([1, 2, 4])
  expect(places("await eventually(() => expect(seen).toBe(1))")).toEqual([])
})
