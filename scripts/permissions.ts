import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { permissionsPage } from "../test/permissions/page.ts"
import { root } from "./project.ts"

await writeFile(join(root, "docs/permissions.md"), permissionsPage())
