import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { brokenExports } from "../../scripts/check/exports.ts"
import type { Manifest } from "../../scripts/project.ts"

const ENV = {
  "latchkey-source": "./providers/env/index.ts",
  types: "./dist/providers/env/index.d.ts",
  default: "./dist/providers/env/index.js",
}

const FILES = ["providers/env/index.ts", "dist/providers/env/index.d.ts", "dist/providers/env/index.js"]

async function broken(exports: Manifest["exports"], files: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-exports-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), "")
  }
  const engines = { node: ">=22" }
  return await brokenExports(folder, {
    name: "latchkey",
    version: "1.0.0",
    engines,
    exports,
    devDependencies: {},
  })
}

test("exports that agree with the files are in order, and the inner rooms need none", async () => {
  const inner = ["src/core/index.ts", "src/secrets/index.ts"]
  expect(await broken({ "./env": ENV, "./package.json": "./package.json" }, [...FILES, ...inner])).toEqual([])
})

test("an export whose file was not built is found", async () => {
  expect(await broken({ "./env": ENV }, FILES.slice(0, 2))).toEqual(["./env: no dist/providers/env/index.js"])
})

test("an export that leads to the files of another is found", async () => {
  const types = "./dist/src/index.d.ts"
  expect(await broken({ "./env": { ...ENV, types } }, [...FILES, "dist/src/index.d.ts"])).toEqual([
    "./env: dist/src/index.d.ts and dist/providers/env/index.js are not what is built of providers/env/index.ts",
  ])
})

test("a backend and a room that nobody can import are found", async () => {
  const unnamed = ["providers/vault/index.ts", "src/guard/index.ts"]
  expect((await broken({ "./env": ENV }, [...FILES, ...unnamed])).toSorted()).toEqual([
    'providers/vault/index.ts is not exported: "./vault"',
    'src/guard/index.ts is not exported: "./guard"',
  ])
})

test("conditions in an order in which the first would hide the others are found", async () => {
  const { types, default: built, "latchkey-source": source } = ENV
  const target = { default: built, types, "latchkey-source": source }
  expect(await broken({ "./env": target }, FILES)).toEqual([
    "./env: its conditions are not latchkey-source, types, default, in this order",
  ])
})
