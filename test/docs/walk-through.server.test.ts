import { expect, it } from "vitest"
import { ownVault, ServerUnavailable } from "../servers/index.ts"
import { eventually } from "../support/eventually.ts"
import { Reader, stepsOf } from "./walk-through-reader.ts"

it("whoever does what docs/rotate-your-first-key.md says, sees what it says", {
  timeout: 400_000,
}, async context => {
  const vault = await ownVault("vault").catch((thrown: unknown) => {
    if (thrown instanceof ServerUnavailable && process.env.CI !== "true") context.skip(thrown.message)
    throw thrown
  })
  context.onTestFinished(async () => await vault.close())
  const reader = await Reader.sitDown()
  const fingerprints = () => new Set(reader.leftOutput.match(/signs with [0-9a-f]{8}/g))
  const steps = await stepsOf("docs/rotate-your-first-key.md")
  expect(steps.length).toBeGreaterThan(15)

  let isWatched = false
  for (const { does, text, file = "", line } of steps) {
    const at = `line ${line}`
    if (does === "write") await reader.write(file, text)
    else if (does === "leave") {
      reader.leave(text)
      await eventually(() => expect(fingerprints().size, at + reader.leftOutput).toBeGreaterThan(0))
      isWatched = true
    } else if (does === "see") {
      expect(reader.missing(text), at).toEqual([])
    } else if (text.startsWith("npm install ")) {
      await reader.install(text.trim().split(" ").slice(2))
    } else {
      const own = text.startsWith("export VAULT_ADDR=")
        ? `export VAULT_ADDR=${vault.url} VAULT_TOKEN=${vault.rootToken}`
        : text
      const { code, output } = await reader.run(own)
      expect(code, `${at}\n${output}`).toBe(0)
      if (isWatched && text.includes("rotate auth/session-key --wait")) {
        // The program goes on with another key, and has not ended.
        await eventually(() => expect(fingerprints().size, at).toBeGreaterThan(1))
        isWatched = false
      }
    }
  }
})
