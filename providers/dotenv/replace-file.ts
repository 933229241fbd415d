import type { Stats } from "node:fs"
import { type FileHandle, lstat, open, readlink, rename, rm } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { errorNumberName, SecretError } from "../../src/core/index.ts"
import { ifThere } from "./if-there.ts"

/** The most symbolic links that are followed, as Linux does it. */
const MOST_LINKS = 40

/** The file that a path means in the end, also where it is not there yet: replacing a link itself would cut it. */
export async function followLinks(path: string): Promise<string> {
  let here = path
  for (let links = 0; links < MOST_LINKS; links++) {
    const kind = await ifThere(lstat(here))
    if (kind === undefined || !kind.isSymbolicLink()) return here
    here = resolve(dirname(here), await readlink(here))
  }
  throw new SecretError("MISCONFIGURED", {
    message: "the file is a symbolic link that leads in a circle",
    hint: "make it lead to a file",
  })
}

/**
 * Replaces a file in one step: whoever reads it gets the old content or the new one, also after a crash. Mode is kept,
 * and owner and group as far as this process may set them: where the group is lost, so are its permissions. A new file
 * is for its owner only.
 *
 * @param scratch a path in the same folder for the new content; nothing is left there.
 * @param ready asked at the last moment; the file stays as it is if the answer is no.
 * @param mostMode the permissions that it has at the most. Default: those of the file as it was.
 * @returns whether the file was replaced.
 * @throws SecretError `UNAVAILABLE` with an unknown outcome when it was replaced and may not outlive a power failure;
 * before that, system errors, and the file is as it was.
 */
export async function replaceFile(
  path: string,
  content: Uint8Array,
  scratch: string,
  ready: () => Promise<boolean>,
  mostMode = 0o7777,
): Promise<boolean> {
  try {
    await writeScratch(scratch, content, await ifThere(lstat(path)), mostMode)
    if (!(await ready())) return false
    await rename(scratch, path)
  } finally {
    await rm(scratch, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

async function writeScratch(
  scratch: string,
  content: Uint8Array,
  like: Stats | undefined,
  mostMode: number,
): Promise<void> {
  await using file = await open(scratch, "wx", 0o600)
  await file.writeFile(content)
  if (like !== undefined) {
    const kept = await keepOwner(file, like)
    // After the owner: a change of owner takes special bits away.
    await file.chmod(modeFor(like.mode, kept) & mostMode)
  }
  await file.sync()
}

/** What of a file's ownership its successor has. */
interface Kept {
  readonly owner: boolean
  readonly group: boolean
}

async function keepOwner(file: FileHandle, { uid, gid }: Stats): Promise<Kept> {
  const own = await file.stat()
  // Only the superuser gives files away, so the file belongs to whoever wrote it last; but whoever is a member of the
  // group may give it to that.
  for (const owner of [uid, own.uid]) {
    if ((owner === own.uid && gid === own.gid) || (await chowned(file, owner, gid))) {
      return { owner: owner === uid, group: true }
    }
  }
  return { owner: own.uid === uid, group: own.gid === gid }
}

/** Whether the owner could be changed; not where that is not permitted. */
async function chowned(file: FileHandle, uid: number, gid: number): Promise<boolean> {
  try {
    await file.chown(uid, gid)
    return true
  } catch (thrown) {
    if (errorNumberName(thrown) === "EPERM") return false
    throw thrown
  }
}

/** The mode as it was, but for what it would now give to others than before. */
function modeFor(mode: number, kept: Kept): number {
  const forGroup = kept.group ? 0o7777 : 0o7707
  const special = kept.owner && kept.group ? 0o7777 : 0o1777
  return mode & forGroup & special
}

/** The new name of a file is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r")
    await handle.sync()
  } catch (thrown) {
    const code = errorNumberName(thrown)
    // Some systems know no such thing for folders, or need a permission for it that replacing the file did not.
    if (["EACCES", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"].includes(code)) return
    throw new SecretError("UNAVAILABLE", {
      outcome: "unknown",
      message: `the file was replaced, and whether that reached the disk is not known (${code})`,
      hint: "read the secret to see which value it has",
    })
  }
}
