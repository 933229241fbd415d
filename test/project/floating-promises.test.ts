import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { floating } from "../../scripts/check/floating-promises.ts"

async function floatingIn(text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-floating-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, "biome.json"), "{}")
  await writeFile(join(folder, "planted.ts"), text)
  return await floating(folder, ["planted.ts"])
}

test("a promise that is left alone is found, with its place", async () => {
  const text = [
    "async function write(): Promise<void> {}",
    "export function save(): void {",
    "  write()",
    "}",
  ]
  expect(await floatingIn(text.join("\n"))).toEqual(["planted.ts:3 write()"])
})

test("a promise that is awaited, returned or given up is in order, and resolving one is no promise", async () => {
  const text = [
    "async function write(): Promise<void> {}",
    "export async function save(): Promise<void> {",
    "  void write()",
    "  await write()",
    "  await new Promise<void>(resolve => {",
    "    resolve()",
    "  })",
    "  return write()",
    "}",
  ]
  expect(await floatingIn(text.join("\n"))).toEqual([])
})

test("a file that cannot be read as TypeScript is no clean file", async () => {
  expect(await floatingIn("export function (")).not.toEqual([])
})
