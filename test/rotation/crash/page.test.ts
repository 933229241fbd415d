import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "../../../scripts/project.ts"
import { newCanary } from "../../support/canary.ts"
import { goodDay } from "./cell.ts"
import { COLUMNS, type ColumnName } from "./columns.ts"
import { columnOf, PAGE_PLANS, sheetIfWell } from "./page.ts"

/** Those that need no server; `page.server.test.ts` looks at the others. */
const HERE: readonly ColumnName[] = ["dotenv", "azure", "gcp-alias", "gcp-latest"]

const page = readFileSync(join(root, "docs/crash-matrix.md"), "utf8")

describe("docs/crash-matrix.md", () => {
  describe.each(HERE)("on %s", name => {
    it.each(PAGE_PLANS)("tells of just the requests that a rotation sends: %s", {
      timeout: 60_000,
    }, async plan => {
      const bench = await COLUMNS[name].open(() => undefined)
      try {
        const { requests, wrong } = await goodDay({ bench, plan, prefix: newCanary().text })
        expect(wrong).toEqual([])
        expect(columnOf(page, plan, COLUMNS[name].title)).toEqual(sheetIfWell(requests))
      } finally {
        await bench.close()
      }
    })
  })
})
