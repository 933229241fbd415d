import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "../../../scripts/project.ts"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { goodDay } from "./cell.ts"
import { COLUMNS } from "./columns.ts"
import { columnOf, PAGE_PLANS, sheetIfWell } from "./page.ts"

const page = readFileSync(join(root, "docs/crash-matrix.md"), "utf8")

for (const name of ["vault", "localstack"] as const) {
  describeOn(name, () => {
    it.each(
      PAGE_PLANS,
    )("is told of in docs/crash-matrix.md with just the requests that a rotation sends: %s", {
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
}
