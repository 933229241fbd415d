import { globSync } from "node:fs"
import { access } from "node:fs/promises"
import { join } from "node:path"
import { type Manifest, publicPaths, readManifest, root } from "../project.ts"
import type { Check } from "./check.ts"

/** The conditions of a public path, in the order in which they must be tried. */
const CONDITIONS = ["latchkey-source", "types", "default"]

/** Rooms of the source that are no public path of their own: they are public through `"latchkey"`. */
const INSIDE = ["core", "secrets", "near-names"]

/** Every public path has its files, and every backend and room has its public path. */
export const exports: Check = {
  name: "exports against files",
  async run(packed) {
    // Packing builds.
    await packed.tarball()
    const broken = await brokenExports(root, await readManifest())
    if (broken.length > 0) throw new Error(broken.join("\n"))
    return undefined
  },
}

/** Everything in which a manifest's exports and the files of its folder disagree, as a line each. */
export async function brokenExports(folder: string, manifest: Manifest): Promise<string[]> {
  const paths = publicPaths(manifest)
  const missing = await Promise.all(
    paths
      .flatMap(({ subpath, source, types, built }) => [source, types, built].map(file => ({ subpath, file })))
      .map(async ({ subpath, file }) =>
        (await isThere(join(folder, file))) ? [] : [`${subpath}: no ${file}`],
      ),
  )
  const unordered = Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== "string" && Object.keys(target).join() !== CONDITIONS.join())
    .map(([subpath]) => `${subpath}: its conditions are not ${CONDITIONS.join(", ")}, in this order`)
  const misplaced = paths.flatMap(({ subpath, source, types, built }) => {
    const stem = source.replace(/\.ts$/, "")
    return types === `dist/${stem}.d.ts` && built === `dist/${stem}.js`
      ? []
      : [`${subpath}: ${types} and ${built} are not what is built of ${source}`]
  })

  const rooms = globSync(["providers/*/index.ts", "src/*/index.ts"], { cwd: folder })
  const unnamed = rooms
    .map(source => ({ source, name: source.split("/")[1] ?? "" }))
    .filter(({ source, name }) => !(source.startsWith("src/") && INSIDE.includes(name)))
    .filter(({ source }) => !paths.some(path => path.source === source))
    .map(({ source, name }) => `${source} is not exported: "./${name}"`)
  return [...missing.flat(), ...unordered, ...misplaced, ...unnamed]
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
