/** Builds dist: a declaration beside each source file, and small bundles of JavaScript for what is public. */
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { build } from "esbuild"
import { run } from "./command.ts"
import { publicPaths, readManifest, root } from "./project.ts"

/** What bin/latchkey.js starts. */
const COMMAND = "src/cli/main.ts"

const manifest = await readManifest()
const target = manifest.engines.node.replace(/^>=/, "node")

try {
  await rm(join(root, "dist"), { recursive: true, force: true })
  await Promise.all([
    run("tsc", ["-p", "tsconfig.build.json", "--emitDeclarationOnly"]),
    build({
      absWorkingDir: root,
      entryPoints: [...publicPaths(manifest).map(path => path.source), COMMAND],
      outbase: ".",
      outdir: "dist",
      chunkNames: "chunks/[name]-[hash]",
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target,
      packages: "external",
      conditions: ["latchkey-source"],
      sourcemap: true,
      // The sources are published beside it.
      sourcesContent: false,
      logLevel: "silent",
    }),
  ])
} catch (error) {
  process.stderr.write(`the build failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
