import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { linksIn, targetsOf } from "../../scripts/check/links.ts"

async function linksOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-links-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  return linksIn(folder)
}

test("links that lead to packed files and folders are in order", async () => {
  const page = "[names](docs/names.md#rename), [decisions](docs/decisions)"
  const names = "[back](../README.md)"
  expect(await linksOf({ "README.md": page, "docs/names.md": names, "docs/decisions/1.md": "one" })).toEqual({
    pages: 3,
    dead: [],
  })
})

test("a link into what is not packed is found, with its page", async () => {
  const { dead } = await linksOf({
    "README.md": "[example](examples/server)",
    "docs/aws.md": "[recorded](../test/recorded.md#aws) and [names](names.md)",
    "docs/names.md": "",
  })
  expect(dead).toEqual(["README.md: examples/server", "docs/aws.md: ../test/recorded.md"])
})

test("pages of other packages are nobody's business", async () => {
  expect(await linksOf({ "node_modules/other/README.md": "[dead](dead.md)" })).toEqual({ pages: 0, dead: [] })
})

test("an address and a place on the same page are no files", () => {
  expect(targetsOf("[a](https://example.com) [b](http://example.com/x) [c](#here) [d](e.md#f)")).toEqual([
    "e.md",
  ])
})
