import { access, readFile } from "node:fs/promises"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { className, isSecretError } from "../core/index.ts"
import { type CommandInput, checkRotations, type Rotations, type RotationsConfig } from "../rotation/index.ts"
import { UsageError } from "./usage-error.ts"

const NAMES = ["latchkey.config.ts", "latchkey.config.mts", "latchkey.config.mjs", "latchkey.config.js"]

/** Where the configuration is looked for. */
export interface Where {
  /** What `--config` says. */
  readonly path: string | undefined
  readonly folder: string
}

/**
 * The file of the configuration: the one that was named, or the first `latchkey.config.*` in this folder or one above.
 *
 * @throws UsageError if there is none.
 */
export async function findConfig({ path, folder }: Where): Promise<string> {
  if (path !== undefined) {
    const file = isAbsolute(path) ? path : resolve(folder, path)
    if (await isThere(file)) return file
    throw new UsageError(
      `there is no file ${path}`,
      "--config names the file that exports defineRotations({ … })",
    )
  }
  for (let at = resolve(folder); ; at = dirname(at)) {
    for (const name of NAMES) if (await isThere(join(at, name))) return join(at, name)
    if (dirname(at) === at) break
  }
  throw new UsageError(
    "there is no latchkey.config.ts in this folder or above it",
    "write one that exports defineRotations({ store, rotations }), or name it with --config",
  )
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}

/**
 * Loads a configuration.
 *
 * @throws UsageError if it cannot be loaded or is none. Says which error it was by its class only, and for a slip in the
 * code where it is: what a configuration throws may quote what it read.
 */
export async function loadConfig(file: string, command: CommandInput): Promise<RotationsConfig> {
  const exported = await load(file)
  const rotations = (exported as { default?: unknown }).default as Rotations | undefined
  if (rotations === undefined || rotations === null) {
    throw new UsageError(`${file} exports nothing by default`, "write export default defineRotations({ … })")
  }
  return await calling(file, "failed while it made the rotations", async () =>
    checkRotations(typeof rotations === "function" ? await rotations(command) : rotations),
  )
}

/** Calls what a configuration wrote. @throws UsageError, SecretError */
export async function calling<T>(file: string, what: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    throw isSecretError(thrown) ? thrown : told(file, what, thrown)
  }
}

async function load(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (thrown) {
    if (isSecretError(thrown)) throw thrown
    const code = codeOf(thrown)
    if (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[mc]?ts$/.test(file)) {
      throw new UsageError(
        `this Node (${process.version}) cannot run ${file}`,
        "Node 22.18 and later run TypeScript as it is: bring Node up to date, or write latchkey.config.mjs",
      )
    }
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new UsageError(`${file} is no module`, "write latchkey.config.ts or latchkey.config.mjs")
    }
    if (code === "ERR_MODULE_NOT_FOUND") {
      const missing = packageIn(thrown)
      throw new UsageError(
        `${file} imports ${missing ?? "something"} that is not there`,
        missing === undefined
          ? "run npm install in its folder; imports of your own files need their ending, as in ./plans.ts"
          : `npm install ${missing}`,
      )
    }
    if (thrown instanceof SyntaxError && /\.[jt]s$/.test(file) && (await isCommonJs(file))) {
      throw new UsageError(
        `${file} is a module, and the package.json that it belongs to says "type": "commonjs"`,
        'npm init writes that: set "type": "module" there, or call the file latchkey.config.mts',
      )
    }
    throw told(file, "could not be loaded", thrown)
  }
}

/** The package that an import did not find; nothing for a file, whose path may say more than is to be shown. */
function packageIn(thrown: unknown): string | undefined {
  const message = thrown instanceof Error ? thrown.message : ""
  return /^Cannot find package '((?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*)' imported from/.exec(message)?.[1]
}

/** Whether Node takes a file for CommonJS, whatever is written in it: by the nearest package.json. */
async function isCommonJs(file: string): Promise<boolean> {
  for (let at = dirname(file); ; at = dirname(at)) {
    const manifest = join(at, "package.json")
    if (await isThere(manifest)) {
      try {
        return (JSON.parse(await readFile(manifest, "utf8")) as { type?: unknown }).type === "commonjs"
      } catch {
        // Node has had its own trouble with it, which is told.
        return false
      }
    }
    if (dirname(at) === at) return false
  }
}

function told(file: string, what: string, thrown: unknown): UsageError {
  const place = thrown instanceof SyntaxError ? placeIn(file, thrown) : undefined
  const code = codeOf(thrown)
  const about = [
    className(thrown),
    ...(typeof code === "string" && /^E[A-Z_]{2,63}$/.test(code) ? [code] : []),
    ...(place === undefined ? [] : [`line ${place}`]),
  ]
  return new UsageError(
    `${file} ${what} (${about.join(", ")})`,
    "run it with node by itself to see the whole error; it may quote what the file reads, so it is not shown here",
  )
}

/** The line of a slip in the code, from the first line of the stack, which for these errors is a place. */
function placeIn(file: string, { stack = "" }: SyntaxError): string | undefined {
  const [first = ""] = stack.split("\n")
  return first.includes(file) ? /:(\d+)$/.exec(first.trim())?.[1] : undefined
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined
}
