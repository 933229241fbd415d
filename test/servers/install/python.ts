import { join } from "node:path"
import { serversFolder } from "../system/place.ts"
import { type Installation, installed } from "./cache.ts"
import { type Installing, step } from "./step.ts"
import { findPython, findPythonItself } from "./tools.ts"

/** A virtual environment is a link to the interpreter, and a folder for its version only. */
const COMMAND = join("bin", "python")

/** How to install Python packages: the folder is a virtual environment with what `python/<name>.txt` pins. */
export function pythonInstallation(name: string, version: string): Installation {
  const pins = join(serversFolder, "python", `${name}.txt`)
  return {
    name,
    version,
    sources: [pins, join(serversFolder, "python", "uv.txt")],
    recipe: "uv",
    needs: findPythonItself,
    command: COMMAND,
    async install(installing) {
      const python = await findPython()
      const uv = join(await installed(uvInstallation(python), installing), "bin", "python")
      const { folder } = installing
      installing.report("makes a virtual environment")
      await run(installing, uv, ["venv", "--relocatable", "--allow-existing", "--python", python, folder])
      installing.report("fetches packages")
      await run(installing, uv, ["pip", "install", "--python", join(folder, "bin", "python"), "-r", pins])
    },
  }
}

/** uv installs in seconds what takes pip minutes. */
function uvInstallation(python: string): Installation {
  const pins = join(serversFolder, "python", "uv.txt")
  return {
    name: "uv",
    version: "0.13.9",
    sources: [pins],
    recipe: "venv",
    needs: findPythonItself,
    command: COMMAND,
    async install(installing) {
      installing.report("fetches uv")
      await step(installing, { command: python, args: ["-m", "venv", installing.folder], env: OWN })
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins]
      await step(installing, { command: join(installing.folder, "bin", "python"), args: pip, env: OWN })
    },
  }
}

async function run(installing: Installing, uv: string, args: readonly string[]): Promise<void> {
  // uv does not read pip's variables, and whoever has set them means all that fetches Python packages.
  const { PIP_INDEX_URL, UV_DEFAULT_INDEX, PIP_CERT, SSL_CERT_FILE } = process.env
  await step(installing, {
    command: uv,
    args: ["-m", "uv", ...args],
    env: {
      ...OWN,
      UV_DEFAULT_INDEX: UV_DEFAULT_INDEX ?? PIP_INDEX_URL,
      SSL_CERT_FILE: SSL_CERT_FILE ?? PIP_CERT,
      UV_NO_PROGRESS: "1",
      UV_NO_CONFIG: "1",
    },
  })
}

/** A virtual environment that somebody is in is none of ours. */
const OWN = { VIRTUAL_ENV: undefined, PYTHONPATH: undefined, PYTHONHOME: undefined }
