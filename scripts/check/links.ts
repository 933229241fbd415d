import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { pinnedVersion, readManifest } from "../project.ts"
import type { Check } from "./check.ts"

/** Whoever reads the pages of the installed package has no repository beside them: every link leads to what is packed. */
export const links: Check = {
  name: "links of the packed pages",
  async run(packed) {
    const manifest = await readManifest()
    // The project that other checks install as well.
    const project = await packed.project(`@types/node@${pinnedVersion(manifest, "@types/node")}`)
    const { pages, dead } = linksIn(join(project, "node_modules", manifest.name))
    if (dead.length > 0) throw new Error(dead.join("\n"))
    return `${pages} pages`
  },
}

/** How many pages a folder has, and their links that lead to nothing in it, as a line each: `docs/aws.md: ../test`. */
export function linksIn(folder: string): { readonly pages: number; readonly dead: string[] } {
  const pages = globSync("**/*.md", { cwd: folder, exclude: ["**/node_modules/**"] }).toSorted()
  const dead = pages.flatMap(page =>
    targetsOf(readFileSync(join(folder, page), "utf8"))
      .filter(target => !existsSync(join(folder, dirname(page), target)))
      .map(target => `${page}: ${target}`),
  )
  return { pages: pages.length, dead }
}

/** The files that a page links to, as they are written there; addresses and places on the page itself are none. */
export function targetsOf(page: string): string[] {
  return Array.from(page.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g), match => match[1] ?? "")
}
