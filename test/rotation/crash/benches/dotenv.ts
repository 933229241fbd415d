import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import { openConfigured } from "../process/store-config.ts"
import type { Bench } from "./bench.ts"
import { callByCall } from "./call-by-call.ts"
import { newFolder } from "./folder.ts"

const NAME = "tally/api-token"
const calm = { signal: new AbortController().signal }

/** What stands in the file beside a `.env`, as far as it is looked at. */
interface Kept {
  readonly secrets?: Readonly<
    Record<string, Partial<Record<"candidates" | "former", Record<string, string>>>>
  >
}

/** Secrets in `.env` files, each in a folder of its own. */
export function dotenvBench(): Bench {
  return {
    async place() {
      const folder = await newFolder()
      const path = join(folder, ".env")
      await writeFile(path, "# head\n", { mode: 0o600 })
      const consumer = dotenv(path)
      return {
        name: NAME,
        async open(life) {
          const { store, close } = openConfigured({ is: "dotenv", path })
          return { store: callByCall(store, life), close }
        },
        way: async () => ({ config: { is: "dotenv", path }, close: async () => undefined }),
        read: async () => String((await consumer.read(NAME, calm)).value),
        put: async value => void (await consumer.write(NAME, value, calm)),
        async leftovers() {
          const files = (await readdir(folder)).filter(file => file !== ".env" && file !== ".env.latchkey")
          const { secrets = {} }: Kept = JSON.parse(await readFile(`${path}.latchkey`, "utf8"))
          const kept = Object.values(secrets).flatMap(({ candidates = {}, former = {} }) => [
            ...Object.values(candidates).map(value => ({ what: "a candidate", value })),
            ...Object.values(former).map(value => ({ what: "a former value", value })),
          ])
          return [...files.map(file => ({ what: `the file ${file}`, value: undefined })), ...kept]
        },
        async remove() {
          await consumer.close()
          await rm(folder, { recursive: true })
        },
      }
    },
    close: async () => undefined,
  }
}
