import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { type Harness, testStore } from "latchkey/testing"
import { removeEntry, setEntry } from "../../../providers/dotenv/edit.ts"
import { environmentNames, isSecretError } from "../../../src/core/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"

const native = environmentNames.toNative

async function harness(second: string | undefined): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
  const path = join(folder, ".env")
  const canary = newCanary()
  await writeFile(path, `# head\nOTHER=${canary.text} # beside\n`)
  const paths = [path]
  if (second !== undefined) {
    paths.push(join(folder, ".env.more"))
    await writeFile(join(folder, ".env.more"), second)
  }
  return {
    store: canary.watch(dotenv(paths)),
    async put(name, value) {
      if (typeof value !== "string") throw new TypeError("a .env holds text")
      await writeFile(path, setEntry(await readFile(path), native(name), value))
    },
    async remove(name) {
      await writeFile(path, removeEntry(await readFile(path), native(name)))
    },
    holds(value) {
      try {
        return typeof value === "string" && setEntry(new Uint8Array(), "A", value).length > 0
      } catch (thrown) {
        if (isSecretError(thrown)) return false
        throw thrown
      }
    },
    native,
    close: async () => await rm(folder, { recursive: true }),
  }
}

testStore("dotenv", async () => await harness(undefined), framework)
testStore("dotenv of two files", async () => await harness("MORE=2\n"), framework)
