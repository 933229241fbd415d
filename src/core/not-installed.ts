import { SecretError } from "./error.ts"

/**
 * Turns the failure to load a package that this library does not bring along into the error that says how to get it.
 * The import stands at the call site, literally, where bundlers see it:
 *
 * ```ts
 * const sdk = await import("@azure/identity").catch(notInstalled("@azure/identity", "azure()"))
 * ```
 *
 * @param name the package, as it is installed.
 * @param wanted what needs it, for the message.
 * @throws SecretError `MISCONFIGURED` with the line to install it, if that very package is missing. Any other failure is
 * thrown as it is: a package that is there and broken is not mended by installing it.
 */
export function notInstalled(name: string, wanted: string): (thrown: unknown) => never {
  return thrown => {
    if (!isMissing(thrown, name)) throw thrown
    throw new SecretError("MISCONFIGURED", {
      message: `${wanted} needs the package ${name}, which is not installed`,
      hint: `npm install ${name}`,
    })
  }
}

function isMissing(thrown: unknown, name: string): boolean {
  if (!(thrown instanceof Error)) return false
  const { code } = thrown as NodeJS.ErrnoException
  // The second code is that of require(), to which bundlers turn such an import when they write CommonJS.
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return false
  // The text is Node's own; a missing dependency of the package, or a file inside it, has another name between the quotes.
  return (
    thrown.message.startsWith(`Cannot find package '${name}'`) ||
    thrown.message.startsWith(`Cannot find module '${name}'`)
  )
}
