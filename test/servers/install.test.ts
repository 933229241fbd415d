import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { ensure } from "./ensure.ts"
import { fakeDefinitions } from "./fake/definitions.ts"
import { newFolder, newPlace } from "./fake/place.ts"
import { type Installation, installed, keyOf } from "./install/cache.ts"
import { step } from "./install/step.ts"
import { findGo, findPython, findPythonItself } from "./install/tools.ts"
import { cacheFolder, stateFolder } from "./system/place.ts"

afterEach(() => void vi.unstubAllEnvs())

async function newInstallation(install: Installation["install"]): Promise<Installation> {
  const sources = await newFolder()
  await writeFile(join(sources, "go.mod"), "module one")
  return { name: "thing", version: "1.0.0", sources: [sources], recipe: "-O2", install }
}

async function newCache() {
  const cache = await newFolder()
  return { cache, options: { environment: { LATCHKEY_SERVERS_CACHE: cache }, report: () => undefined } }
}

const writesOneFile: Installation["install"] = async ({ folder }) =>
  await writeFile(join(folder, "thing"), "made")

describe("what an installation is kept under", () => {
  it("changes with a source, its name, the recipe and the version, and with nothing else", async () => {
    const installation = await newInstallation(writesOneFile)
    const [sources = ""] = installation.sources
    const key = keyOf(installation)
    expect(key).toMatch(/^thing-1\.0\.0-[0-9a-f]{12}$/)
    expect(keyOf({ ...installation, install: async () => undefined })).toBe(key)
    expect(keyOf({ ...installation, recipe: "-O3" })).not.toBe(key)
    expect(keyOf({ ...installation, version: "1.0.1" })).not.toBe(key)
    await writeFile(join(sources, "go.sum"), "")
    const withSums = keyOf(installation)
    expect(withSums).not.toBe(key)
    await writeFile(join(sources, "go.mod"), "module two")
    expect(keyOf(installation)).not.toBe(withSums)
    expect(keyOf(installation, "Python 3.12.1")).not.toBe(keyOf(installation, "Python 3.12.2"))
  })
})

describe("installing", () => {
  it("happens once, however many ask for it at once", async () => {
    const { cache, options } = await newCache()
    const install = vi.fn(writesOneFile)
    const installation = await newInstallation(install)
    const folders = await Promise.all(Array.from({ length: 3 }, () => installed(installation, options)))
    expect(new Set(folders)).toEqual(new Set([join(cache, keyOf(installation))]))
    expect(install).toHaveBeenCalledOnce()
    expect(await readFile(join(folders[0] ?? "", "thing"), "utf8")).toBe("made")
  })

  it("shows a folder only when all of it is there, and leaves nothing of what failed", async () => {
    const { cache, options } = await newCache()
    const installation = await newInstallation(async installing => {
      await writesOneFile(installing)
      expect(existsSync(join(cache, keyOf(installation)))).toBe(false)
      throw new Error("the network is away")
    })
    await expect(installed(installation, options)).rejects.toThrow("the network is away")
    expect((await readdir(cache)).sort()).toEqual(["locks", "logs"])
  })

  it("is done again where the command leads nowhere, as after its interpreter was removed", async () => {
    const { cache, options } = await newCache()
    const interpreter = join(await newFolder(), "python3")
    await writeFile(interpreter, "")
    const install = vi.fn<Installation["install"]>(async ({ folder }) => {
      await mkdir(join(folder, "bin"))
      await symlink(interpreter, join(folder, "bin", "python"))
    })
    const installation = { ...(await newInstallation(install)), command: "bin/python" }
    const folder = await installed(installation, options)
    await writeFile(join(folder, "left"), "from before")
    await installed(installation, options)
    expect(install).toHaveBeenCalledOnce()
    await rm(interpreter)
    expect(await installed(installation, options)).toBe(folder)
    expect(install).toHaveBeenCalledTimes(2)
    expect(await readdir(folder)).toEqual(["bin"])
    expect((await readdir(cache)).sort()).toEqual(["locks", "logs", keyOf(installation)].sort())
  })

  it("is done again, beside the one of before, for another interpreter", async () => {
    const { options } = await newCache()
    const install = vi.fn(writesOneFile)
    const plain = await newInstallation(install)
    let version = "3.11.9"
    const installation = { ...plain, needs: async () => `/usr/bin/python3 ${version}` }
    const first = await installed(installation, options)
    version = "3.12.1"
    expect(await installed(installation, options)).not.toBe(first)
    version = "3.11.9"
    expect(await installed(installation, options)).toBe(first)
    expect(install).toHaveBeenCalledTimes(2)
  })

  it("removes what somebody who died left half done", async () => {
    const { cache, options } = await newCache()
    const installation = await newInstallation(writesOneFile)
    const left = join(cache, `.${keyOf(installation)}-abc123`)
    await mkdir(left, { recursive: true })
    await installed(installation, options)
    expect(existsSync(left)).toBe(false)
  })

  it("says the last lines of a command that failed, and keeps all of them", async () => {
    const { cache, options } = await newCache()
    const script = "for n in $(seq 40); do echo line $n; done; echo no space left >&2; exit 4"
    const installation = await newInstallation(async installing => {
      await step(installing, { command: "sh", args: ["-c", script] })
    })
    const failure = await installed(installation, options).catch(error => error)
    expect(failure.message).toMatch(/^sh -c ended with 4\n/)
    expect(failure.message).toContain("  line 40\n")
    expect(failure.message).toContain("no space left")
    expect(failure.message).not.toContain("  line 1\n")
    const log = await readFile(join(cache, "logs", `${keyOf(installation)}.log`), "utf8")
    expect(log).toContain("line 1\n")
  })

  it("that fails is the reason why a server is not to be had, with what to do", async () => {
    const place = await newPlace()
    const cache = await newFolder()
    vi.stubEnv("LATCHKEY_SERVERS_CACHE", cache)
    const installation = await newInstallation(async installing => {
      await step(installing, { command: "sh", args: ["-c", "echo the registry is away; exit 1"] })
    })
    const definitions = fakeDefinitions({ installation })
    await expect(ensure("moto", { ...place, definitions })).rejects.toThrow(
      /^moto is not to be had: it could not be installed: sh -c ended with 1\n.*\n {2}the registry is away\n {2}The whole of it: npm run servers -- logs moto$/s,
    )
  })
})

describe("the tools of the machine", () => {
  it("are named with what to install when they are not there", async () => {
    vi.stubEnv("PATH", await newFolder())
    await expect(findGo()).rejects.toThrow("there is no go on the PATH: install Go 1.25 or later")
    await expect(findPython()).rejects.toThrow(
      "there is no Python from 3.11 to 3.13 on the PATH: install one",
    )
  })

  it("are told apart by where they are and by their versions, not by what they are called", async () => {
    const [one, other] = [await newFolder(), await newFolder()]
    const pythonOf = (version: string): string =>
      `#!/bin/sh\ncase "$1" in --version) echo Python ${version} ;; *) readlink -f "$0" ;; esac\n`
    await writeFile(join(one, "python3"), pythonOf("3.11.9"), { mode: 0o755 })
    await symlink(join(one, "python3"), join(other, "python3"))
    const path = process.env.PATH
    vi.stubEnv("PATH", `${one}${delimiter}${path}`)
    const found = await findPythonItself()
    expect(found).toBe(`${join(one, "python3")} Python 3.11.9`)
    vi.stubEnv("PATH", `${other}${delimiter}${path}`)
    expect(await findPythonItself()).toBe(found)
    await writeFile(join(one, "python3"), pythonOf("3.12.1"), { mode: 0o755 })
    expect(await findPythonItself()).not.toBe(found)
  })

  it("are refused when they are too old", async () => {
    const folder = await newFolder()
    await writeFile(join(folder, "go"), "#!/bin/sh\necho go version go1.19.8 linux/amd64\n", { mode: 0o755 })
    await writeFile(join(folder, "python3"), "#!/bin/sh\necho Python 3.9.2\n", { mode: 0o755 })
    vi.stubEnv("PATH", folder)
    await expect(findGo()).rejects.toThrow("go is at 1.19: install Go 1.25 or later")
    await expect(findPython()).rejects.toThrow("there is no Python from 3.11 to 3.13")
  })
})

describe("the folders", () => {
  it("of the cache are as the environment says, and else the user's own", () => {
    expect(cacheFolder({ LATCHKEY_SERVERS_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a")
    expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/latchkey/servers")
    expect(cacheFolder({})).toMatch(/\/\.cache\/latchkey\/servers$/)
  })

  it("of the state are refused where others can look into them", async () => {
    const folder = join(await newFolder(), "state")
    expect(stateFolder({ LATCHKEY_SERVERS_STATE: folder })).toBe(folder)
    const open = join(await newFolder(), "open")
    await mkdir(open, { mode: 0o755 })
    expect(() => stateFolder({ LATCHKEY_SERVERS_STATE: open })).toThrow("can be reached by others")
  })
})
