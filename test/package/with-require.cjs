// Runs in an empty project that has installed the package: CommonJS requires it too.
const assert = require("node:assert/strict")
const { Secrets } = require("latchkey")
const { memory } = require("latchkey/memory")

async function main() {
  const secrets = new Secrets(memory({ "db/password": "required" }))
  const password = await secrets.get("db/password")
  assert.equal(password.reveal(), "required")
  await secrets.close()
}

void main()
