import { readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { capabilitiesPage } from "../../scripts/capabilities-page.ts"

test("docs/capabilities.md is what the stores declare: npm run docs writes it", async () => {
  const page = await readFile(new URL("../../docs/capabilities.md", import.meta.url), "utf8")
  expect(page).toBe(capabilitiesPage())
})
