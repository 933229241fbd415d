import { globSync } from "node:fs"
import { root } from "../project.ts"
import type { Check } from "./check.ts"
import { importsOf } from "./import-graph.ts"
import { brokenRules } from "./import-rules.ts"

/** Imports go one way, past nobody's index, in no circle, and `import "latchkey"` loads nothing from outside. */
export const imports: Check = {
  name: "imports in one direction",
  async run() {
    const files = globSync(["{src,providers,test,docs,examples}/**/*.ts"], {
      cwd: root,
      exclude: ["**/node_modules/**"],
    })
    const broken = brokenRules(await importsOf(root, files))
    if (broken.length > 0) throw new Error(broken.join("\n"))
    return `${files.length} files`
  },
}
