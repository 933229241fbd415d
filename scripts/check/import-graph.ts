import { readFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { build } from "esbuild"

/** How one file names another: to run it, to run it later, or only for its types. */
export type ImportKind = "static" | "lazy" | "type"

/** One import, with both files as paths from the project's folder; what is no file of it is named as it is written. */
export interface Import {
  readonly from: string
  readonly to: string
  readonly kind: ImportKind
  /** Whether `to` is a file of the project. */
  readonly inside: boolean
}

/**
 * All imports of some files and of what they lead to. What runs is asked of the compiler that also builds the
 * package; imports for types only, which it drops, are read from the text, where the formatter keeps each at the
 * start of a line.
 *
 * @param files paths from the folder.
 */
export async function importsOf(folder: string, files: readonly string[]): Promise<Import[]> {
  if (files.length === 0) return []
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [...files],
    outdir: "nowhere",
    outbase: ".",
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    conditions: ["latchkey-source"],
    logLevel: "silent",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  })
  const running = Object.entries(metafile.inputs).flatMap(([from, input]) =>
    input.imports.map(
      ({ path, kind, external }): Import => ({
        from,
        to: path,
        kind: kind === "dynamic-import" ? "lazy" : "static",
        inside: external !== true,
      }),
    ),
  )
  const types = await Promise.all(
    Object.keys(metafile.inputs).map(async file =>
      typeImportsOf(await readFile(join(folder, file), "utf8")).map((specifier): Import => {
        const inside = specifier.startsWith(".")
        const to = inside ? relative(".", join(dirname(file), specifier)) : specifier
        return { from: file, to, kind: "type", inside }
      }),
    ),
  )
  return [...running, ...types.flat()]
}

/** The specifiers that a source imports, or passes on, for their types only. */
export function typeImportsOf(source: string): string[] {
  const statements = source.matchAll(/^(?:import|export) type [^"';]*?\bfrom "([^"]+)"/gm)
  const inline = source.matchAll(/\bimport\("([^"]+)"\)\./g)
  return [...statements, ...inline].flatMap(match => match[1] ?? [])
}

/** The files that loading one file loads at once, itself among them, each with the way that leads to it. */
export function reachedAtOnce(imports: readonly Import[], start: string): Map<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>([[start, [start]]])
  // A map that grows while it is walked is walked to its new end.
  for (const [file, way] of ways) {
    for (const { from, to, kind } of imports) {
      if (from === file && kind === "static" && !ways.has(to)) ways.set(to, [...way, to])
    }
  }
  return ways
}

/** The circles in which files load each other at once, each as the way around it. */
export function circles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to, kind, inside } of imports) {
    if (kind === "static" && inside) next.set(from, [...(next.get(from) ?? []), to])
  }
  const done = new Set<string>()
  const found: string[][] = []
  const walk = (file: string, way: readonly string[]): void => {
    const seen = way.indexOf(file)
    if (seen !== -1) {
      found.push([...way.slice(seen), file])
      return
    }
    if (done.has(file)) return
    for (const to of next.get(file) ?? []) walk(to, [...way, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return found
}
