import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import type { LedgerHarness } from "latchkey/testing"
import { setEntry } from "../../../providers/dotenv/edit.ts"
import { environmentNames, isSecretError } from "../../../src/core/index.ts"
import { newCanary } from "../../support/canary.ts"
import { calm } from "../calls.ts"

/** A `.env` in a folder of its own, and beside it a second one if a content is given for it. */
export async function ledgerHarness(second?: string): Promise<LedgerHarness> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
  const path = join(folder, ".env")
  const canary = newCanary()
  await writeFile(path, `# head\nOTHER=${canary.text} # beside\n`)
  const paths = [path]
  if (second !== undefined) {
    paths.push(join(folder, ".env.more"))
    await writeFile(join(folder, ".env.more"), second)
  }
  // A person's means wait for the lock, as `latchkey put` does; editors, which do not, have tests of their own.
  const person = dotenv(paths)
  return {
    store: canary.watch(dotenv(paths)),
    promises: { promotion: "conditional", noticesSameValue: false },
    replica: () => dotenv(paths),
    withPrefix: prefix => dotenv({ path: paths, prefix }),
    put: async (name, value) => void (await person.write(name, value, calm)),
    remove: async name => await person.delete(name, calm),
    async writeJournal(name, text) {
      const ledger = JSON.parse(await readFile(`${path}.latchkey`, "utf8"))
      ledger.secrets[environmentNames.toNative(name)].journal = journalOf(text)
      await writeFile(`${path}.latchkey`, JSON.stringify(ledger))
    },
    holds(value) {
      try {
        return typeof value === "string" && setEntry(new Uint8Array(), "A", value).length > 0
      } catch (thrown) {
        if (isSecretError(thrown)) return false
        throw thrown
      }
    },
    async close() {
      await person.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** What a person can write into a file of JSON: any other text stands there as a string. */
function journalOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
