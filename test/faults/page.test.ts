import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "../../scripts/project.ts"
import { COLUMNS } from "./columns.ts"
import { type Cell, type Column, isLive } from "./matrix/cell.ts"
import { pageOf } from "./matrix/page.ts"
import { ROW_IDS } from "./matrix/rows.ts"

const recorded = (["aws", "azure", "gcp"] as const).flatMap(service => {
  const cases = JSON.parse(
    readFileSync(join(root, `test/servers/recorded/${service}.json`), "utf8"),
  ) as readonly { readonly id: string }[]
  return cases.map(({ id }) => id)
})

describe("docs/faults.md", () => {
  it("is what `npm run docs` writes", () => {
    expect(readFileSync(join(root, "docs/faults.md"), "utf8")).toBe(pageOf(COLUMNS))
  })
})

describe("the matrix of bad days", () => {
  it("names recorded cases that are there", () => {
    const named = Object.values(COLUMNS).flatMap((column: Column<never>) =>
      ROW_IDS.flatMap(id => {
        const cell: Cell<never> | undefined = column[id]
        return isLive(cell) && cell.evidence.is === "recorded answer" ? [cell.evidence.id] : []
      }),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(id => !recorded.includes(id))).toEqual([])
  })

  it("says why where a bad day is not there", () => {
    const page = pageOf(COLUMNS)
    for (const column of Object.values(COLUMNS) as Column<never>[]) {
      for (const id of ROW_IDS) {
        const cell: Cell<never> | undefined = column[id]
        if (cell !== undefined && !isLive(cell)) expect(page).toContain(`: ${cell.notThere}.`)
      }
    }
  })
})
