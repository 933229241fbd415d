import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "../../scripts/project.ts"
import { NEEDS } from "./needs.ts"
import { permissionsPage } from "./page.ts"

describe("docs/permissions.md", () => {
  it("is what `npm run docs` writes", () => {
    expect(readFileSync(join(root, "docs/permissions.md"), "utf8")).toBe(permissionsPage())
  })

  it("shows every file that there is", () => {
    const named = Object.values(NEEDS).flatMap(({ needs, language }) =>
      needs.map(({ file }) => `${file}.${language}`),
    )
    expect(readdirSync(join(root, "docs/permissions")).toSorted()).toEqual(named.toSorted())
  })
})
