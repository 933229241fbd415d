import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Secrets } from "latchkey"
import { credentials } from "./credentials-store.ts"

process.env.CREDENTIALS_DIRECTORY = await mkdtemp(join(tmpdir(), "credentials-"))
await writeFile(join(process.env.CREDENTIALS_DIRECTORY, "tally--api-token"), "tly-snippet\n")

const secrets = open()
console.log(await secrets.get("tally/api-token").then(token => token.reveal().length))
await secrets.close()
await rm(process.env.CREDENTIALS_DIRECTORY, { recursive: true })

function open() {
  // #region service
  const folder = process.env.CREDENTIALS_DIRECTORY
  if (folder === undefined) throw new Error("start this as a service with LoadCredential=")
  const secrets = new Secrets(credentials(folder))
  // #endregion
  return secrets
}
// prints: 11
