/** Writes the pages of docs that are made of code: `npm run docs`. Tests hold them to it. */
import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { rotatePage } from "../test/cli/rotate-page.ts"
import { COLUMNS } from "../test/faults/columns.ts"
import { pageOf } from "../test/faults/matrix/page.ts"
import { permissionsPage } from "../test/permissions/page.ts"
import { capabilitiesPage } from "./capabilities-page.ts"
import { root } from "./project.ts"

const PAGES: Readonly<Record<string, () => string>> = {
  "capabilities.md": capabilitiesPage,
  "faults.md": () => pageOf(COLUMNS),
  "latchkey-rotate.md": () => rotatePage(readFileSync(join(root, "docs/latchkey-rotate.md"), "utf8")),
  "permissions.md": permissionsPage,
}

for (const [file, page] of Object.entries(PAGES)) await writeFile(join(root, "docs", file), page())
