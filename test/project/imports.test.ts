import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { importsOf, typeImportsOf } from "../../scripts/check/import-graph.ts"
import { brokenRules } from "../../scripts/check/import-rules.ts"

/** A small library that keeps every rule; each test plants one violation in it. */
const SOUND = {
  "src/index.ts":
    'export * from "./core/index.ts"\nexport * from "./secrets/index.ts"\nexport * from "./open.ts"\n',
  "src/core/index.ts": 'export { version } from "./version.ts"\nexport type { Name } from "./name.ts"\n',
  "src/core/version.ts": 'export const version = async () => await import("node:crypto")\n',
  "src/core/name.ts": "export type Name = string\n",
  "src/secrets/index.ts": 'import { version } from "../core/index.ts"\nexport const secrets = [version]\n',
  "src/open.ts": 'export const open = async () => await import("../providers/env/index.ts")\n',
  "providers/env/index.ts":
    'import { version } from "../../src/core/index.ts"\nexport const env = [version]\n',
  "test/core/version.test.ts": 'import { version } from "../../src/core/version.ts"\nversion()\n',
}

async function rulesBrokenBy(planted: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-imports-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  const files = { ...SOUND, ...planted }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return brokenRules(await importsOf(folder, Object.keys(files)))
}

describe("the rules of imports", () => {
  test("are kept by a library that keeps them", async () => {
    expect(await rulesBrokenBy({})).toEqual([])
  })

  test("refuse a backend that knows of Secrets, even if only of a type", async () => {
    expect(
      await rulesBrokenBy({
        "providers/env/index.ts": 'import { secrets } from "../../src/secrets/index.ts"\nsecrets()\n',
      }),
    ).toEqual(["providers/env/index.ts imports src/secrets/index.ts: providers/env may import src/core"])
    expect(
      await rulesBrokenBy({
        "providers/env/index.ts":
          'import type {\n  Secrets,\n} from "../../src/secrets/index.ts"\nexport type E = Secrets\n',
      }),
    ).toEqual(["providers/env/index.ts imports src/secrets/index.ts: providers/env may import src/core"])
  })

  test("refuse one backend that imports another", async () => {
    expect(await rulesBrokenBy({ "providers/dotenv/index.ts": 'export * from "../env/index.ts"\n' })).toEqual(
      ["providers/dotenv/index.ts imports providers/env/index.ts: providers/dotenv may import src/core"],
    )
  })

  test("refuse a core that imports anything but itself", async () => {
    const broken = await rulesBrokenBy({
      "src/core/version.ts": 'export { env as version } from "../../providers/env/index.ts"\n',
    })
    expect(broken).toContain(
      "src/core/version.ts imports providers/env/index.ts: src/core may import nothing",
    )
  })

  test("refuse a room without a rule", async () => {
    expect(await rulesBrokenBy({ "src/attic/index.ts": 'export * from "../core/index.ts"\n' })).toEqual([
      "src/attic/index.ts: no rule says what src/attic may import",
    ])
  })

  test("refuse an import past a folder's index, but not to a test", async () => {
    expect(
      await rulesBrokenBy({
        "src/secrets/index.ts": 'import { version } from "../core/version.ts"\nversion()\n',
      }),
    ).toEqual(["src/secrets/index.ts imports src/core/version.ts: past src/core/index.ts"])
    expect(
      await rulesBrokenBy({
        "examples/server/main.ts": 'import { version } from "../../src/core/version.ts"\nversion()\n',
      }),
    ).toEqual(["examples/server/main.ts imports src/core/version.ts: past src/core/index.ts"])
  })

  test("let an engine be imported by its own index, and no part of it past that", async () => {
    const engine = { "src/rotation/engines/queue/index.ts": 'export { ask } from "./ask.ts"\n' }
    const part = { "src/rotation/engines/queue/ask.ts": "export const ask = 1\n" }
    const imports = (file: string) => `export { ask } from "../rotation/engines/queue/${file}"\n`
    const broken = async (file: string) =>
      (await rulesBrokenBy({ ...engine, ...part, "src/aws-rotation/index.ts": imports(file) })).filter(rule =>
        rule.includes("queue"),
      )
    expect(await broken("index.ts")).toEqual([])
    expect(await broken("ask.ts")).toEqual([
      "src/aws-rotation/index.ts imports src/rotation/engines/queue/ask.ts: past src/rotation/index.ts",
    ])
  })

  test("refuse a library that imports what is no part of it", async () => {
    expect(
      await rulesBrokenBy({
        "scripts/tool.ts": "export const tool = 1\n",
        "src/secrets/index.ts": 'export * from "../../scripts/tool.ts"\n',
      }),
    ).toEqual(["src/secrets/index.ts imports scripts/tool.ts, which is no part of the library"])
  })

  test("let open.ts load a backend lazily, and not at once", async () => {
    expect(await rulesBrokenBy({ "src/open.ts": 'export * from "../providers/env/index.ts"\n' })).toEqual([
      "src/open.ts imports providers/env/index.ts: src/open.ts may import src/core, src/secrets",
    ])
  })

  test.for([
    "node:crypto",
    "zod",
    "@azure/identity",
    "dotenv",
  ])("refuse %s on the import path of the package, with the way that leads to it", async name => {
    expect(
      await rulesBrokenBy({
        "src/core/version.ts": `import "${name}"\nexport const version = 1\n`,
      }),
    ).toEqual([
      `import "latchkey" loads ${name} at once, by src/index.ts -> src/core/index.ts -> src/core/version.ts -> ${name}`,
    ])
  })

  test("refuse a circle, but not one of types", async () => {
    expect(
      await rulesBrokenBy({
        "src/core/version.ts": 'import { a } from "./a.ts"\nexport const version = a\n',
        "src/core/a.ts": 'import { version } from "./version.ts"\nexport const a = () => version\n',
      }),
    ).toEqual(["circle: src/core/a.ts -> src/core/version.ts -> src/core/a.ts"])
    expect(
      await rulesBrokenBy({
        "src/core/version.ts":
          'import { a } from "./a.ts"\nexport const version = a\nexport type V = string\n',
        "src/core/a.ts": 'import type { V } from "./version.ts"\nexport const a = (v: V) => v\n',
      }),
    ).toEqual([])
  })
})

test("imports of types are found in every form, and nothing else is taken for one", () => {
  const source = [
    'import type { A } from "./a.ts"',
    "export type {",
    "  B,",
    '} from "./b.ts"',
    'import { c } from "./c.ts"',
    'export type D = import("./d.ts").D',
    'const e = await import("./e.ts")',
    'export type F = "from" | { from: "./f.ts" }',
  ].join("\n")
  expect(typeImportsOf(source).toSorted()).toEqual(["./a.ts", "./b.ts", "./d.ts"])
})
