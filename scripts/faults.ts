import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { COLUMNS } from "../test/faults/columns.ts"
import { pageOf } from "../test/faults/matrix/page.ts"
import { root } from "./project.ts"

await writeFile(join(root, "docs/faults.md"), pageOf(COLUMNS))
