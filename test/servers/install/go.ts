import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { withLock } from "../system/lock.ts"
import { cacheFolder, serversFolder } from "../system/place.ts"
import type { Installation } from "./cache.ts"
import { type Installing, step } from "./step.ts"
import { findGo } from "./tools.ts"

/** A program in Go. */
export interface GoProgram {
  readonly name: string
  readonly version: string
  /** What to build in the module's folder, which is `go/<name>`. */
  readonly main: string
  /** Options of the linker beside those that leave out the symbols. */
  readonly link?: string
  /** Whether it is built in seconds, so that it need not wait for the build of another one. Default: false. */
  readonly small?: boolean
}

/** How to install a program in Go: the folder holds one binary of that name. */
export function goInstallation({ name, version, main, link = "", small = false }: GoProgram): Installation {
  const module = join(serversFolder, "go", name)
  // Leaving out the optimiser saves two of five minutes, and the tests do not notice.
  const options = [
    "-trimpath",
    "-mod=readonly",
    "-gcflags",
    "all=-N -l",
    "-ldflags",
    `-s -w ${link}`.trimEnd(),
  ]
  return {
    name,
    version,
    sources: [module, join(serversFolder, "go", "serve")],
    recipe: [...options, main].join(" "),
    command: name,
    async install(installing) {
      const command = await findGo()
      const build = async (): Promise<void> => {
        installing.report("fetches modules")
        let packages = 0
        await step(installing, {
          command,
          args: ["build", "-v", ...options, "-o", join(installing.folder, name), main],
          cwd: module,
          env: { CGO_ENABLED: "0", GOWORK: "off" },
          line(text) {
            if (text.startsWith("go: ")) return
            packages += 1
            installing.report(`compiles, ${packages} packages so far`)
          },
        })
      }
      await (small ? build() : oneAtATime(installing, build))
    },
  }
}

/** A large build uses all cores and a gigabyte or two: two of them side by side are slower than one after the other. */
async function oneAtATime(installing: Installing, build: () => Promise<void>): Promise<void> {
  const locks = join(cacheFolder(), "locks")
  mkdirSync(locks, { recursive: true, mode: 0o700 })
  const held = (): void => installing.report("waits for another build to end")
  await withLock(join(locks, "go-build"), { held, signal: installing.signal }, build)
}
