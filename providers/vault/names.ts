import { type NameRule, pathNames } from "../../src/core/index.ts"

/**
 * Names of secrets: paths below the mount. Refused are segments that begin or end with a space and characters that do not
 * print, which the server refuses too (Vault's `PrintablePathCheckHandler`).
 */
export const vaultNames: NameRule = pathNames({
  rule: "a path of segments that print, none of which begins or ends with a space",
  holds: native => isPath(native) && native.isWellFormed(),
})

/** Whether something is a path of one or more segments that leads nowhere else. */
export function isPath(path: string): boolean {
  return path.split("/").every(isSegment)
}

/** Whether something can be one segment of a path. */
export function isSegment(segment: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return !/^$|^\.\.?$|^\s|\s$|[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u.test(segment)
}

/** A path as it stands in a request: every segment encoded by itself, so that none can end the path or leave it. */
export function encoded(path: string): string {
  return path
    .split("/")
    .map(segment => encodeURIComponent(segment))
    .join("/")
}

/** A word as it can be pasted into a shell. */
export function shell(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
