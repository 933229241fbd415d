import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, onTestFinished, test } from "vitest"
import { pages, regionOf, snippetsOf } from "../../scripts/snippets.ts"

const run = promisify(execFile)
const SNIPPETS = fileURLToPath(new URL("../../docs/snippets/", import.meta.url))
const FAKE_TALLY = new URL("fake-tally.ts", import.meta.url).href

const snippets = (await Promise.all((await pages()).map(snippetsOf))).flat()
const files = (await readdir(SNIPPETS)).filter(name => name.endsWith(".ts"))
const printing = await Promise.all(files.map(async name => ({ name, lines: await printed(name) })))

describe("a snippet in a page", () => {
  test.each(snippets)("$page, line $line, is what a file holds", async ({ source, text }) => {
    expect(source, "name the file above the block: <!-- docs/snippets/start.ts#start -->").toBeDefined()
    expect(text).toBe(await regionOf(source ?? ""))
  })

  test("is there at all", () => {
    expect(snippets.length).toBeGreaterThan(5)
  })
})

describe("the file of a snippet", () => {
  test.each(printing.filter(({ lines }) => lines.length > 0))("$name prints what it says", async ({
    name,
    lines,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-snippet-"))
    onTestFinished(async () => await rm(folder, { recursive: true }))
    await writeFile(
      join(folder, ".env"),
      'TALLY__API_TOKEN=tly-snippet\nDB__URL=postgres://app:pass@db.internal/app\nDB=\'{"host":"db.internal","password":"pass"}\'\n',
      { mode: 0o600 },
    )
    const { stdout } = await run(
      process.execPath,
      ["--conditions=latchkey-source", "--import", FAKE_TALLY, join(SNIPPETS, name)],
      { cwd: folder, env: { PATH: process.env.PATH ?? "" } },
    )
    expect(stdout.trimEnd().split("\n")).toEqual(lines)
  })

  test.each(files)("%s is used by a page, by a test or by another snippet", async name => {
    const others = await Promise.all(
      files.filter(other => other !== name).map(other => readFile(join(SNIPPETS, other), "utf8")),
    )
    const shown = snippets.some(snippet => snippet.source?.startsWith(`docs/snippets/${name}#`))
    expect(shown || others.some(text => text.includes(`"./${name}"`))).toBe(true)
  })
})

/** The lines that a file says that it prints, in comments at its end. */
async function printed(name: string): Promise<string[]> {
  const text = await readFile(join(SNIPPETS, name), "utf8")
  return Array.from(text.matchAll(/^\/\/ prints: (.*)$/gm), match => match[1] ?? "")
}
