import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "../../../scripts/project.ts"
import { pageOf, WELL } from "./page.ts"

it("docs/race.md tells of a race in which all is well, on every store", () => {
  expect(readFileSync(join(root, "docs/race.md"), "utf8")).toBe(pageOf(() => WELL))
})
