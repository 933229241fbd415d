/** Runs in an empty project that has installed the package: what a first program does with it. */
import assert from "node:assert/strict"
import { writeFile } from "node:fs/promises"
import { inspect } from "node:util"
import { isSecretError, openSecrets, Secrets } from "latchkey"
import { memory } from "latchkey/memory"

await writeFile("service.env", "TALLY__API_TOKEN=tly-installed\n")
const opened = await openSecrets("dotenv:service.env")
const token = await opened.get("tally/api-token")
assert.equal(token.reveal(), "tly-installed")
assert.ok(!inspect({ token }, { showHidden: true, depth: 9 }).includes("tly-installed"))
await opened.close()

const secrets = new Secrets(memory({ "db/password": "first" }))
const password = await secrets.get("db/password")
assert.equal(password.reveal(), "first")
await secrets.put("db/password", "second")
assert.equal(password.reveal(), "second")
await assert.rejects(
  secrets.get("db/user"),
  error => isSecretError(error) && error.code === "NOT_FOUND" && error.secret === "db/user",
)
await secrets.close()
