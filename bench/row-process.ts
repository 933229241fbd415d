/** Measures one row, in a process of its own, and sends the results to the one that started it. */
import { letGo } from "../test/servers/index.ts"
import type { Result, Row } from "./row.ts"

const id = process.argv[2] ?? ""
const { row } = (await import(`./rows/${id}.ts`)) as { row: Row }
let results: readonly Result[]
try {
  results = await row.measure()
} finally {
  // Servers that were started for this row and are used by nobody else.
  await letGo()
}
process.send?.(results, () => process.exit(0))
