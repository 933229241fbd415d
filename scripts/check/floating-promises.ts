import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { runToEnd } from "../command.ts"
import { root } from "../project.ts"
import type { Check } from "./check.ts"

interface Report {
  readonly diagnostics: readonly {
    readonly category: string
    readonly message: string
    readonly location: { readonly path: string; readonly start: { readonly line: number } }
  }[]
}

const RULE = "nursery/noFloatingPromises"

/** Every promise is awaited, returned, or explicitly given up. */
export const floatingPromises: Check = {
  name: "floating promises",
  async run() {
    const found = await floating(root, ["src", "providers", "test", "docs", "scripts", "examples"])
    if (found.length > 0) throw new Error(found.join("\n"))
    return undefined
  },
}

/**
 * The places where a promise is left alone, as `file:line`, without tests of types, which never run.
 *
 * The linter's rule takes what calling the `resolve` of a `new Promise(resolve => ...)` gives for a promise itself, so
 * it is no rule of the project's configuration: it is asked here, and those calls are left out.
 */
export async function floating(folder: string, paths: readonly string[]): Promise<string[]> {
  const args = ["lint", `--only=${RULE}`, "--reporter=json", "--max-diagnostics=none", ...paths]
  const { output } = await runToEnd("biome", args, { folder })
  const start = output.indexOf('{"summary"')
  if (start === -1) throw new Error(output)
  const { diagnostics } = JSON.parse(output.slice(start).split("\n", 1)[0] ?? "") as Report
  const places = await Promise.all(
    diagnostics
      .filter(({ location }) => !location.path.endsWith(".test-d.ts"))
      .map(
        async ({
          category,
          message,
          location: {
            path,
            start: { line },
          },
        }) => {
          if (category !== `lint/${RULE}`) return `${path}:${line} ${message}`
          const text = (await readFile(join(folder, path), "utf8")).split("\n")[line - 1]?.trim() ?? ""
          return text.startsWith("resolve(") ? undefined : `${path}:${line} ${text}`
        },
      ),
  )
  return places.filter(place => place !== undefined)
}
