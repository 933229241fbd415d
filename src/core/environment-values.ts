import { FILE_SUFFIX } from "./environment-names.ts"
import { SecretError } from "./error.ts"
import type { FileProblem, SettledFiles } from "./settled-files.ts"
import type { SecretValue } from "./store.ts"
import { valueOfFile } from "./text.ts"

/** Variables by name: those of a process, or those of a `.env`. */
export type Variables = (name: string) => string | undefined

/**
 * The value of a secret among variables: that of `NAME`, or the content of the file whose path is in `NAME_FILE`,
 * without one trailing newline. `undefined` if neither is set. A variable that is set to nothing is an empty value.
 *
 * No message shows what is in `NAME_FILE`: people put the secret itself there, by mistake.
 *
 * @param folder what a relative path in `NAME_FILE` starts from; asked if there is one.
 * @throws SecretError `MISCONFIGURED` if both are set, or if the file was never readable; `UNAVAILABLE` if it was
 * and is not now.
 */
export async function environmentValue(
  name: string,
  variables: Variables,
  folder: () => string,
  files: SettledFiles,
  signal: AbortSignal,
): Promise<SecretValue | undefined> {
  const value = variables(name)
  const file = variables(name + FILE_SUFFIX)
  if (file === undefined) return value
  if (value !== undefined) {
    throw new SecretError("MISCONFIGURED", {
      message: `both ${name} and ${name}${FILE_SUFFIX} are set`,
      hint: "keep one of them",
    })
  }
  if (file === "") {
    throw new SecretError("MISCONFIGURED", {
      message: `${name}${FILE_SUFFIX} is empty`,
      hint: "give it the path of the file that holds the value, or remove it",
    })
  }
  const { isAbsolute, resolve } = await import("node:path")
  const path = isAbsolute(file) ? file : resolve(folder(), file)
  const reading = await files.read(path, signal)
  if ("bytes" in reading) return valueOfFile(reading.bytes)
  throw fileError(`the file that ${name}${FILE_SUFFIX} names`, reading, files.wasRead(path))
}

/** The names of the secrets among the names of variables: `NAME_FILE` stands for `NAME`. Each once. */
export function environmentSecrets(variables: Iterable<string>): Set<string> {
  const secrets = new Set<string>()
  for (const name of variables) {
    secrets.add(name.endsWith(FILE_SUFFIX) ? name.slice(0, -FILE_SUFFIX.length) : name)
  }
  return secrets
}

/**
 * The error about a file that is not there as it should be: `MISCONFIGURED` if it never was, `UNAVAILABLE` if it was
 * before or if the trouble may pass by itself. Never `NOT_FOUND`: a file that vanishes withdraws no secret.
 */
export function fileError(
  file: string,
  { problem, says, passing }: FileProblem,
  wasRead: boolean,
): SecretError {
  return new SecretError(wasRead || passing ? "UNAVAILABLE" : "MISCONFIGURED", {
    message: `${file} ${says}`,
    hint: HINTS[problem],
  })
}

const HINTS: Record<FileProblem["problem"], string> = {
  missing: "check the path, and the folder from which the program is started",
  folder: "name the file in it",
  irregular: "copy its content into a file: a pipe or a device can be read only once",
  forbidden: "let the user that runs this process read it",
  unreadable: "check the path and its file system",
}
