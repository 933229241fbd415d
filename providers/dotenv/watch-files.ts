import { type FSWatcher, watch } from "node:fs"
import { stat } from "node:fs/promises"
import { basename } from "node:path"
import { errorNumberName, SecretError } from "../../src/core/index.ts"
import { ifThere } from "./if-there.ts"
import { type WatchPoint, watchPoints } from "./watch-points.ts"

/** A watch on files, wherever their paths lead and whether they are there or not. */
export interface FileWatch {
  /** Resolves when what changes from then on is told. @throws SecretError `UNAVAILABLE` if that cannot be. */
  readonly armed: Promise<void>
  /** Looks again at where the paths lead, because there are more of them, say. */
  rearm(): void
  stop(): void
}

/** One folder that is watched. */
interface Watched {
  readonly watcher: FSWatcher
  /** Which folder this is, whatever stands under its path by now. */
  readonly identity: string
  names: Set<string>
}

/** More rounds than this to arm, and the paths do not come to rest. */
const MOST_ROUNDS = 100

/**
 * Watches the folders of files rather than the files, and follows when paths begin to lead elsewhere. Keeps no process
 * alive.
 *
 * @param paths absolute; asked anew after every change.
 * @param failed called once, when the watch was armed and cannot go on; it has then ended.
 */
export function watchFiles(
  paths: () => Iterable<string>,
  changed: () => void,
  failed: (error: SecretError) => void,
): FileWatch {
  const folders = new Map<string, Watched>()
  let stopped = false
  let looking = false
  let lookAgain = false
  let broken: { readonly thrown: unknown } | undefined
  let onBroken = (thrown: unknown): void => {
    broken ??= { thrown }
  }

  function stop(): void {
    stopped = true
    for (const { watcher } of folders.values()) watcher.close()
    folders.clear()
  }

  function rearm(): void {
    if (looking) lookAgain = true
    else void look("told").catch(fail)
  }

  function fail(thrown: unknown): void {
    if (stopped) return
    stop()
    failed(watchError(thrown))
  }

  /** Arms, once more for as long as something happens meanwhile, and tells if the paths lead elsewhere than before. */
  async function look(news: "told" | "expected"): Promise<void> {
    looking = true
    do {
      lookAgain = false
      const different = await arm()
      if (different && news === "told" && !stopped) changed()
    } while (lookAgain && !stopped)
    looking = false
  }

  async function armFirst(): Promise<void> {
    try {
      await look("expected")
      if (broken !== undefined) throw broken.thrown
    } catch (thrown) {
      stop()
      throw watchError(thrown)
    }
    onBroken = fail
  }

  /** Opens and closes watchers until they are where the paths lead. Tells whether anything was different. */
  async function arm(): Promise<boolean> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const wanted = namesByFolder((await Promise.all(Array.from(paths(), watchPoints))).flat())
      // Looked at again after every difference, because what happened before a watcher was open was not told.
      if (stopped || !(await adjust(wanted))) return round > 0
    }
    throw new SecretError("UNAVAILABLE", { message: "the files change too fast to be watched" })
  }

  async function adjust(wanted: ReadonlyMap<string, Set<string>>): Promise<boolean> {
    let different = false
    for (const folder of folders.keys()) {
      if (!wanted.has(folder)) different = close(folder)
    }
    for (const [folder, names] of wanted) {
      const identity = await identityOf(folder)
      if (stopped) return false
      const watched = folders.get(folder)
      if (watched !== undefined && watched.identity === identity) {
        if ([...names].some(name => !watched.names.has(name))) different = true
        watched.names = names
      } else {
        different = true
        close(folder)
        if (identity !== undefined) open(folder, identity, names)
      }
    }
    return different
  }

  function close(folder: string): true {
    folders.get(folder)?.watcher.close()
    folders.delete(folder)
    return true
  }

  function open(folder: string, identity: string, names: Set<string>): void {
    try {
      const watcher = watch(folder, { persistent: false })
      const watched = { watcher, identity, names }
      watcher.on("error", thrown => onBroken(thrown))
      watcher.on("change", (_event, name) => {
        // A folder that is moved or removed tells of itself by its own name, and of nothing after that. Another one in
        // its place can have the same identity, because numbers of files are given again at once.
        const gone = name === basename(folder)
        if (gone && folders.get(folder) === watched) close(folder)
        if (gone || name === null || watched.names.has(String(name))) onChange()
      })
      folders.set(folder, watched)
    } catch (thrown) {
      // It went away since it was looked at; the next round sees where the path ends now.
      if (errorNumberName(thrown) !== "ENOENT") throw thrown
    }
  }

  function onChange(): void {
    if (stopped) return
    changed()
    rearm()
  }

  const armed = armFirst()
  return { armed, rearm, stop }
}

function namesByFolder(points: readonly WatchPoint[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>()
  for (const { folder, name } of points) names.set(folder, (names.get(folder) ?? new Set()).add(name))
  return names
}

async function identityOf(folder: string): Promise<string | undefined> {
  const found = await ifThere(stat(folder))
  return found && `${found.dev}:${found.ino}`
}

function watchError(thrown: unknown): SecretError {
  if (thrown instanceof SecretError) return thrown
  const code = errorNumberName(thrown)
  return new SecretError("UNAVAILABLE", {
    message: `the files cannot be watched (${code})`,
    hint:
      code === "ENOSPC" || code === "EMFILE"
        ? "the system allows no more watches: raise fs.inotify.max_user_watches and max_user_instances"
        : "changes are noticed when the secrets are read again",
  })
}
