import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { isSecretError, notInstalled } from "../../src/core/index.ts"

/** What loading a module of this text ends with, in a folder with these packages. */
async function loading(text: string, packages: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  for (const [name, main] of Object.entries(packages)) {
    await mkdir(join(folder, "node_modules", name), { recursive: true })
    await writeFile(join(folder, "node_modules", name, "package.json"), '{ "main": "index.cjs" }')
    await writeFile(join(folder, "node_modules", name, "index.cjs"), main)
  }
  const file = join(folder, "main.cjs")
  await writeFile(file, text)
  try {
    return await (await import(/* @vite-ignore */ file)).default
  } catch (thrown) {
    return thrown
  }
}

/** What our error says of a failure to load, or that it let it pass. */
function told(thrown: unknown): string {
  try {
    return notInstalled("@some/sdk", "some()")(thrown)
  } catch (error) {
    if (error === thrown) return "passed on"
    if (!isSecretError(error)) throw error
    expect(error.code).toBe("MISCONFIGURED")
    return `${error.plainMessage}; ${error.hint}`
  }
}

const INSTALL = "some() needs the package @some/sdk, which is not installed; npm install @some/sdk"

describe("a package that the user brings", () => {
  it.for([
    ["import()", 'module.exports = import("@some/sdk")'],
    ["require()", 'require("@some/sdk")'],
  ] as const)("is named with the line that installs it, when %s does not find it", async ([, text]) => {
    expect(told(await loading(text))).toBe(INSTALL)
  })

  it.for([
    ["lacks a package of its own", 'require("@some/other")'],
    ["lacks a file of its own", 'require("./missing.cjs")'],
    ["lacks a package whose name begins alike", 'require("@some/sdk-core")'],
    ["throws", 'throw new Error("broken")'],
  ] as const)("is not called missing when it %s", async ([, main]) => {
    const thrown = await loading('module.exports = import("@some/sdk")', { "@some/sdk": main })
    expect(thrown).toBeInstanceOf(Error)
    expect(told(thrown)).toBe("passed on")
  })

  it("passes on whatever else is thrown", () => {
    expect(["text", undefined, new Error("Cannot find package '@some/sdk'")].map(told)).toEqual([
      "passed on",
      "passed on",
      "passed on",
    ])
  })
})
