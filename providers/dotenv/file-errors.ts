import { type ErrorTable, errorNumberName } from "../../src/core/index.ts"

/** From system errors of writing to ours. Reading has its own answers: see `fileError` of the core. */
export const fileErrors: ErrorTable = thrown => {
  const code = errorNumberName(thrown)
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return {
        code: "DENIED",
        message: `the file may not be replaced (${code})`,
        hint: "let this process write to the file, and to its folder: the file is replaced as a whole",
      }
    case "EBUSY":
    case "EXDEV":
      return {
        code: "UNSUPPORTED",
        message: `the file cannot be replaced (${code})`,
        hint: "a file that is mounted into a container by itself cannot: mount its folder",
      }
    case "ENOENT":
    case "ENOTDIR":
      return {
        code: "MISCONFIGURED",
        message: "the folder of the file does not exist",
        hint: "make it, or check the path",
      }
    case "EDQUOT":
    case "ENOSPC":
      return { code: "UNAVAILABLE", message: `there is no space left for the file (${code})` }
    case "unknown error":
      return undefined
    default:
      return { code: "UNAVAILABLE", message: `the file system failed (${code})` }
  }
}
