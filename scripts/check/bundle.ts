import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { build, type Format } from "esbuild"
import { run } from "../command.ts"
import { pinnedVersion, readManifest } from "../project.ts"
import type { Check } from "./check.ts"
import { importAll, specifiers, specifiersWithoutPeers } from "./consumer.ts"

/** A project without any peer can be bundled, and what comes out runs where nothing is installed. */
export const bundle: Check = {
  name: "bundle",
  async run(packed) {
    const manifest = await readManifest()
    const nodeTypes = `@types/node@${pinnedVersion(manifest, "@types/node")}`
    const bare = await packed.project(nodeTypes)
    const withZod = await packed.project(nodeTypes, `zod@${pinnedVersion(manifest, "zod")}`)
    const sizes = [
      await bundleAndRun(bare, specifiersWithoutPeers(manifest), "cjs"),
      await bundleAndRun(bare, specifiersWithoutPeers(manifest), "esm"),
      await bundleAndRun(withZod, specifiers(manifest), "esm"),
    ]
    return `${Math.round((sizes[0] ?? 0) / 1024)} kB without peers`
  },
}

/** Bundles a program that imports some paths and opens a store by its URL, runs it, and gives its size in bytes. */
async function bundleAndRun(project: string, from: readonly string[], format: Format): Promise<number> {
  const contents = `${importAll(from)}
import { openSecrets } from "latchkey"
async function main() {
  const secrets = await openSecrets("dotenv:service.env")
  const token = await secrets.get("tally/api-token")
  await secrets.close()
  if (token.reveal() !== "tly-bundled") process.exit(1)
  process.stdout.write("read")
}
main()
`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: project, loader: "ts" },
    bundle: true,
    write: false,
    platform: "node",
    format,
    logLevel: "silent",
    ...(format === "esm" && { banner: { js: REQUIRE_FOR_COMMONJS } }),
  })
  const text = outputFiles[0]?.text ?? ""
  const elsewhere = await mkdtemp(join(tmpdir(), "latchkey-bundle-"))
  try {
    const program = format === "esm" ? "bundle.mjs" : "bundle.cjs"
    await writeFile(join(elsewhere, program), text)
    await writeFile(join(elsewhere, "service.env"), "TALLY__API_TOKEN=tly-bundled\n")
    const output = await run("node", [program], { folder: elsewhere })
    if (output !== "read") throw new Error(`the bundle printed: ${output}`)
  } finally {
    await rm(elsewhere, { recursive: true, force: true })
  }
  return text.length
}

/** What every bundle of ES modules needs for those of its packages that are CommonJS, as dotenv is. */
const REQUIRE_FOR_COMMONJS =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
