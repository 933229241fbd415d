import { lstat, readlink } from "node:fs/promises"
import { join, parse, resolve, sep } from "node:path"
import { errorNumberName } from "../../src/core/index.ts"

/** A name in a folder: when something happens to it, a path may lead somewhere else. */
export interface WatchPoint {
  readonly folder: string
  readonly name: string
}

/** The most symbolic links that are followed, as Linux does it. */
const MOST_LINKS = 40

/**
 * Where to look so as to notice every change of what a path leads to: the file itself, by its folder, because editors
 * and `mv` put another file in its place; every symbolic link on the way, because Kubernetes changes a mounted secret by
 * turning a link; and where the path ends early, the name that is missing.
 */
export async function watchPoints(path: string): Promise<WatchPoint[]> {
  const points: WatchPoint[] = []
  let folder = parse(path).root
  let ahead = segments(path)
  for (let links = 0; ahead.length > 0; ) {
    const [name = "", ...rest] = ahead
    const here = join(folder, name)
    const kind = await kindOf(here)
    if (kind === "missing" || rest.length === 0 || kind === "link") points.push({ folder, name })
    if (kind === "missing") break
    if (kind === "link") {
      links += 1
      if (links > MOST_LINKS) break
      const target = resolve(folder, await readlink(here))
      ahead = [...segments(target), ...rest]
      folder = parse(target).root
    } else {
      ahead = rest
      folder = here
    }
  }
  return points
}

function segments(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter(segment => segment !== "")
}

async function kindOf(path: string): Promise<"missing" | "link" | "other"> {
  try {
    return (await lstat(path)).isSymbolicLink() ? "link" : "other"
  } catch (thrown) {
    const code = errorNumberName(thrown)
    if (code === "ENOENT" || code === "ENOTDIR") return "missing"
    throw thrown
  }
}
