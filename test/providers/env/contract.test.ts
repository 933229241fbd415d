import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { env } from "latchkey/env"
import { testStore } from "latchkey/testing"
import { environmentNames } from "../../../src/core/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"

testStore(
  "env",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
    const canary = newCanary()
    const record: Record<string, string> = { PATH: "/bin", lower: "1", OTHER: canary.text, "with.dot": "2" }
    let files = 0
    return {
      store: canary.watch(env({ env: record })),
      async put(name, value) {
        const variable = environmentNames.toNative(name)
        if (typeof value === "string") {
          record[variable] = value
          return
        }
        files += 1
        const path = join(folder, `value-${files}`)
        // One newline at the end of a file is lost.
        await writeFile(path, Buffer.concat([value, Buffer.from("\n")]))
        record[`${variable}_FILE`] = path
      },
      async remove(name) {
        delete record[environmentNames.toNative(name)]
      },
      native: environmentNames.toNative,
      close: async () => await rm(folder, { recursive: true }),
    }
  },
  framework,
)
