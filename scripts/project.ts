import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the project. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** The parts of package.json that the scripts read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly engines: { readonly node: string }
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** One path under which users import the package, and the files behind it, all relative to the project. */
export interface PublicPath {
  /** As it stands in `exports`: `"."`, `"./env"`. */
  readonly subpath: string
  /** As it stands in an import: `"latchkey"`, `"latchkey/env"`. */
  readonly specifier: string
  readonly source: string
  readonly types: string
  readonly built: string
}

/** Reads the package.json of a project. */
export async function readManifest(folder: string = root): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest
}

/** All public paths of a manifest that lead to code. */
export function publicPaths(manifest: Manifest): PublicPath[] {
  return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target === "string") return []
    const file = (condition: string): string => {
      const path = target[condition]
      if (path === undefined) throw new Error(`exports["${subpath}"] has no "${condition}"`)
      return path.replace(/^\.\//, "")
    }
    return {
      subpath,
      specifier: `${manifest.name}${subpath.slice(1)}`,
      source: file("latchkey-source"),
      types: file("types"),
      built: file("default"),
    }
  })
}

/** The version of a tool that the project pins. */
export function pinnedVersion(manifest: Manifest, name: string): string {
  const version = manifest.devDependencies[name] ?? manifest.dependencies?.[name]
  if (version === undefined) throw new Error(`package.json does not name a version of ${name}`)
  return version
}
