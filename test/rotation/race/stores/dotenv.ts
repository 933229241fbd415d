import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import { callByCall } from "../../crash/benches/call-by-call.ts"
import { newFolder } from "../../crash/benches/folder.ts"
import type { DotenvAddress } from "./address.ts"
import type { Arena } from "./arena.ts"
import type { Opened, Opening } from "./open.ts"

const NAME = "tally/api-token"
const calm = { signal: new AbortController().signal }

/** What stands in the file beside a `.env`, as far as it is looked at. */
interface Kept {
  readonly secrets?: Readonly<
    Record<string, Partial<Record<"candidates" | "former", Record<string, string>>>>
  >
}

/** A replica's own opening of the file, each of whose calls is one request. */
export function openDotenv({ path }: DotenvAddress, { life }: Opening): Opened {
  const store = dotenv(path)
  return { store: callByCall(store, life), close: async () => await store.close() }
}

/** A `.env` in a folder of its own. */
export async function dotenvArena(): Promise<Arena> {
  const folder = await newFolder()
  const path = join(folder, ".env")
  await writeFile(path, "# head\n", { mode: 0o600 })
  const store = dotenv(path)
  return {
    address: { kind: "dotenv", path },
    name: NAME,
    put: async value => void (await store.write(NAME, value, calm)),
    history: async () => [String((await store.read(NAME, calm)).value)],
    async remnants() {
      const files = (await readdir(folder)).filter(file => file !== ".env" && file !== ".env.latchkey")
      const { secrets = {} }: Kept = JSON.parse(await readFile(`${path}.latchkey`, "utf8"))
      const kept = Object.values(secrets).flatMap(({ candidates = {}, former = {} }) => [
        ...Object.values(candidates).map(value => ({ what: "a candidate", value })),
        ...Object.values(former).map(value => ({ what: "a former value", value })),
      ])
      return [...files.map(file => ({ what: `the file ${file}`, value: undefined })), ...kept]
    },
    async close() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}
