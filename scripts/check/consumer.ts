import { copyFile, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { run } from "../command.ts"
import { type Manifest, pinnedVersion, publicPaths, readManifest, root } from "../project.ts"
import type { Check } from "./check.ts"

/** The public paths that nobody can import without a peer dependency. */
const NEEDS_ZOD = ["latchkey/config"]

/** The oldest compiler that the README promises. */
const OLDEST_TYPESCRIPT = "5.4.5"

/** Programs that use the package; they live with the tests, so that the compiler sees them there too. */
const PROGRAMS = join(root, "test/package")

/** An empty project installs the tarball, imports it, requires it, and type-checks it down to its declarations. */
export const consumer: Check = {
  name: "install, import, require",
  async run(packed) {
    const manifest = await readManifest()
    const nodeTypes = `@types/node@${pinnedVersion(manifest, "@types/node")}`
    const zod = `zod@${pinnedVersion(manifest, "zod")}`
    const [bare, withZod] = [await packed.project(nodeTypes), await packed.project(nodeTypes, zod)]
    for (const program of ["with-import.ts", "with-require.cjs"]) {
      await copyFile(join(PROGRAMS, program), join(bare, program))
      await run("node", [program], { folder: bare })
    }
    await rotateOnce(bare)
    await copyFile(join(PROGRAMS, "with-config.ts"), join(withZod, "with-config.ts"))
    await run("node", ["with-config.ts"], { folder: withZod })

    await typeCheck(bare, specifiersWithoutPeers(manifest))
    await typeCheck(withZod, specifiers(manifest))
    const old = await packed.project(nodeTypes, zod, `typescript@${OLDEST_TYPESCRIPT}`)
    await typeCheck(old, specifiers(manifest), join(old, "node_modules/.bin/tsc"))
    return `${specifiers(manifest).length} paths`
  },
}

/** Rotates a key by the command of the package, as its first page tells. */
async function rotateOnce(folder: string): Promise<void> {
  await copyFile(join(PROGRAMS, "latchkey.config.ts"), join(folder, "latchkey.config.ts"))
  const file = join(folder, ".env")
  await writeFile(file, "AUTH__SESSION_KEY=the-key-before\n", { mode: 0o600 })
  await run(join(folder, "node_modules/.bin/latchkey"), ["rotate", "auth/session-key"], { folder })
  if ((await readFile(file, "utf8")).includes("the-key-before"))
    throw new Error("latchkey rotate has left the old key in the file")
}

/** All paths under which users import the package. */
export function specifiers(manifest: Manifest): string[] {
  return publicPaths(manifest).map(path => path.specifier)
}

/** Those of them that need no peer dependency. */
export function specifiersWithoutPeers(manifest: Manifest): string[] {
  return specifiers(manifest).filter(specifier => !NEEDS_ZOD.includes(specifier))
}

/** The text of a module that imports everything under some paths, and runs as long as all of it is there. */
export function importAll(from: readonly string[]): string {
  const lines = from.map((specifier, index) => `import * as path${index} from "${specifier}"`)
  const names = from.map((_, index) => `path${index}`).join(", ")
  return `${lines.join("\n")}\nfor (const path of [${names}]) if (Object.keys(path).length === 0) process.exit(1)\n`
}

/** Type-checks a project, declarations of its packages included, as both kinds of users resolve them. */
async function typeCheck(folder: string, from: readonly string[], compiler = "tsc"): Promise<void> {
  await writeFile(join(folder, "every-path.ts"), importAll(from))
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    const compilerOptions = {
      module,
      moduleResolution,
      target: "es2022",
      types: ["node"],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      allowImportingTsExtensions: true,
    }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
    await run(compiler, ["-p", folder], { folder })
  }
}
