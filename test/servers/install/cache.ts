import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { withLock } from "../system/lock.ts"
import { cacheFolder } from "../system/place.ts"
import type { Installing, Report } from "./step.ts"

/** Something that is installed once for all checkouts. */
export interface Installation {
  readonly name: string
  readonly version: string
  /** Files and folders that decide what is installed: a change in them makes another installation. */
  readonly sources: readonly string[]
  /** The same for what stands in no file: commands and their options. */
  readonly recipe: string
  /** The same for what it needs of the machine when it runs: where that is and which version, as one text. */
  readonly needs?: () => Promise<string>
  /** The command of it, in its folder: where that does not lead to a file any more, it is made again. */
  readonly command?: string
  install(installing: Installing): Promise<void>
}

/** How to install. */
export interface InstallOptions {
  readonly report: Report
  readonly signal?: AbortSignal | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/**
 * What an installation is kept under: `vault-1.21.2-0f3c…`. It changes with everything that it is made of.
 *
 * @param needed what it needs of the machine.
 */
export function keyOf({ name, version, sources, recipe }: Installation, needed = ""): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n${recipe}\n${needed}`)
  for (const path of sources.flatMap(filesIn)) hash.update(readFileSync(path)).update("\0")
  return `${name}-${version}-${hash.digest("hex").slice(0, 12)}`
}

/**
 * The folder of an installation, which is made if it is not there yet. It appears as a whole: it is built under
 * another name. Two processes never build the same one at once, and what one that died left behind is removed.
 */
export async function installed(installation: Installation, options: InstallOptions): Promise<string> {
  const cache = cacheFolder(options.environment)
  const key = keyOf(installation, await installation.needs?.())
  const target = join(cache, key)
  // A link that leads nowhere does not exist.
  const isThere = (): boolean => existsSync(join(target, installation.command ?? ""))
  if (isThere()) return target
  mkdirSync(join(cache, "locks"), { recursive: true, mode: 0o700 })
  mkdirSync(join(cache, "logs"), { recursive: true, mode: 0o700 })
  const held = ({ pid }: { pid: number }): void =>
    options.report(`waits for process ${pid}, which installs it`)
  return await withLock(join(cache, "locks", key), { held, signal: options.signal }, async () => {
    if (isThere()) return target
    rmSync(target, { recursive: true, force: true })
    // Whatever stands under this name now was left by a process that died, because the lock is ours.
    for (const entry of readdirSync(cache))
      if (entry.startsWith(`.${key}-`)) rmSync(join(cache, entry), { recursive: true, force: true })
    const folder = mkdtempSync(join(cache, `.${key}-`))
    const log = logOfInstallation(installation, options.environment)
    rmSync(log, { force: true })
    try {
      await installation.install({ folder, log, report: options.report, signal: options.signal })
      renameSync(folder, target)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return target
  })
}

/** Where the log of an installation is, or would be. */
export function logOfInstallation(
  installation: Installation,
  environment?: InstallOptions["environment"],
): string {
  return join(cacheFolder(environment), "logs", `${keyOf(installation)}.log`)
}

function filesIn(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [path]
    throw error
  }
}
