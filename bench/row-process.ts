/** Measures one row, in a process of its own, and sends the results to the one that started it. */
import type { Row } from "./row.ts"

const id = process.argv[2] ?? ""
const { row } = (await import(`./rows/${id}.ts`)) as { row: Row }
const results = await row.measure()
process.send?.(results, () => process.exit(0))
