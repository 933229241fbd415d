import { run } from "../command.ts"
import type { Check } from "./check.ts"

/** The compiler's opinion on everything but the benchmark, whose peers are not installed here. */
export const types: Check = tool("types", "tsc", ["-p", "tsconfig.json"])

/** Form and lint, warnings included. */
export const lint: Check = tool("biome", "biome", ["check", "--error-on-warnings", "--max-diagnostics=50"])

/** Files, exports and dependencies that nobody uses, or that somebody uses and nobody declared. */
export const unused: Check = tool("knip", "knip", ["--no-progress"])

/** How package managers and bundlers see the package. */
export const publish: Check = onTarball("publint", "publint", tarball => ["run", tarball, "--strict"])

/** How TypeScript resolves the package. It has no CommonJS form, on purpose. */
export const resolution: Check = onTarball("attw", "attw", tarball => [
  "--profile",
  "esm-only",
  "--no-emoji",
  tarball,
])

function tool(name: string, command: string, args: readonly string[]): Check {
  return {
    name,
    async run() {
      await run(command, args)
      return undefined
    },
  }
}

function onTarball(name: string, command: string, argsFor: (tarball: string) => readonly string[]): Check {
  return {
    name,
    async run(packed) {
      await run(command, argsFor(await packed.tarball()))
      return undefined
    },
  }
}
