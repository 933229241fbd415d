import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { dotenv } from "../../providers/dotenv/index.ts"
import { env } from "../../providers/env/index.ts"
import { layered } from "../../providers/layered/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { dotenvFilesAt, dotenvFilesOf, placesOf } from "../../src/config/store-names.ts"

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-names-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  return folder
}

const ODD_NAMES = [
  "a+b.env",
  "a,b.env",
  "a%2Cb.env",
  "a%252Cb.env",
  "a&store=b.env",
  "a b?optional=true.env",
  "é#.env",
]

describe("the files of a store that reads .env files", () => {
  it.each(ODD_NAMES)("are told as they are named, in layers and in layers of layers: %s", async name => {
    const folder = await newFolder()
    const [first, second] = [join(folder, name), join(folder, "second.env")]
    await Promise.all([first, second].map(path => writeFile(path, "")))
    const files = dotenv([first, second])
    const layers = layered([env({ env: {} }), files])
    const nested = layered([memory(), layers])
    for (const store of [files, layers, nested]) expect(dotenvFilesOf(store)).toEqual([first, second])
    expect(placesOf(nested.location)).toEqual(["memory:", "env:", files.location])
  })

  it("are told without the option that lets them be missing", async () => {
    const path = join(await newFolder(), "a+b,c.env")
    const files = dotenv({ path, optional: true })
    expect(dotenvFilesOf(layered([env({ env: {} }), files]))).toEqual([path])
    expect(dotenvFilesAt(`${dotenv(path).location}?optional=true`)).toEqual([path])
  })

  it("are decoded once and no more", () => {
    expect(dotenvFilesAt("dotenv:a%2Cb.env,c%252Cd.env")).toEqual(["a,b.env", "c%2Cd.env"])
    expect(dotenvFilesAt("dotenv:a+b.env?optional=true")).toEqual(["a+b.env"])
  })
})

describe("a place that is no URL of ours", () => {
  it.each([
    "layered:?other=1",
    "layered:",
    "dotenv:a%ZZ.env",
    "dotenv:.env?unknown=1",
    "vault://x/y",
    "no url",
  ])("is told as it is: %s", place => {
    expect(placesOf(place)).toEqual([place])
    expect(dotenvFilesAt(place)).toEqual([])
  })
})
