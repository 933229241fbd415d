import { describe, expect, it } from "vitest"
import { versionMaker } from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { runChild } from "../support/child.ts"

describe("a made version", () => {
  it("is the same for the same value, and another for another", async () => {
    const version = versionMaker()
    const values = [
      "",
      " ",
      "a",
      "b",
      "a\n",
      Uint8Array.of(0xff),
      Uint8Array.of(0xff, 0),
      "m".repeat(2 ** 20),
    ]
    const versions = await Promise.all(values.map(version))
    expect(await Promise.all(values.map(version))).toEqual(versions)
    expect(new Set(versions).size).toBe(values.length)
  })

  it("is the same when many are made at once for the first time", async () => {
    const version = versionMaker()
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => version("a")))).size).toBe(1)
  })

  it("tells nothing of the value, not even to somebody who makes versions of guesses", async () => {
    const canary = newCanary()
    const version = await versionMaker()(canary.text)
    expect(version).toMatch(/^[\w-]{22}$/)
    expectNoLeak(canary, version)
    expect(await versionMaker()(canary.text)).not.toBe(version)
  })

  it("costs nothing to those who import the library and make none", async () => {
    const ended = await runChild(`
      import { registerHooks } from "node:module"
      const loaded: string[] = []
      registerHooks({ resolve: (name, context, next) => (loaded.push(name), next(name, context)) })
      const { versionMaker } = await import("./src/core/index.ts")
      const before = loaded.includes("node:crypto")
      await versionMaker()("a")
      console.log(before, loaded.includes("node:crypto"))`)
    expect(ended).toMatchObject({ code: 0, stdout: "false true\n" })
  })
})
