import { mkdir, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { run } from "../command.ts"

/** The package as users get it: packed, and installed into projects that were empty before. */
export class Packed {
  readonly #folder: string
  readonly #made = new Map<string, Promise<string>>()

  /** @param folder an empty folder that somebody else removes. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** The path of the tarball that would be published. Packing builds. */
  async tarball(): Promise<string> {
    return await this.#once("tarball", async () => {
      const folder = await this.#newFolder("tarball")
      await run("npm", ["pack", "--pack-destination", folder])
      const [name] = await readdir(folder)
      if (name === undefined) throw new Error("npm pack made no tarball")
      return join(folder, name)
    })
  }

  /** The folder of a project that has installed the tarball and some packages besides, and has no file of its own. */
  async project(...packages: readonly string[]): Promise<string> {
    return await this.#once(packages.join(" "), async () => {
      const tarball = await this.tarball()
      const folder = await this.#newFolder(`project-${this.#made.size}`)
      await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
      const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--no-save"]
      await run("npm", ["install", ...quiet, tarball, ...packages], { folder })
      return folder
    })
  }

  async #newFolder(name: string): Promise<string> {
    const folder = join(this.#folder, name)
    await mkdir(folder)
    return folder
  }

  async #once(key: string, make: () => Promise<string>): Promise<string> {
    const made = this.#made.get(key) ?? make()
    this.#made.set(key, made)
    return await made
  }
}
