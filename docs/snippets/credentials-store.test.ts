// #region suite
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { testStore } from "latchkey/testing"
import { describe, it } from "vitest"
import { credentials } from "./credentials-store.ts"

const fileOf = (name: string) => name.replaceAll("/", "--")

testStore(
  "credentials",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "credentials-"))
    return {
      store: credentials(folder),
      put: async (name, value) => {
        const bytes = typeof value === "string" ? Buffer.from(value) : value
        await writeFile(join(folder, ".new"), Buffer.concat([bytes, Buffer.from("\n")]))
        await rename(join(folder, ".new"), join(folder, fileOf(name)))
      },
      remove: async name => await rm(join(folder, fileOf(name))),
      native: fileOf,
      close: async () => await rm(folder, { recursive: true }),
    }
  },
  { describe, it, patience: "15s" },
)
// #endregion
