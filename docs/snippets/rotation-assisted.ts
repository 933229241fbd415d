import { writeFile } from "node:fs/promises"
import { SecretError } from "latchkey"
import { assisted } from "latchkey/rotation"

await writeFile("ledger.token", "tly-new-snippet\n")

// #region assisted
export const plan = assisted({
  input: { file: "ledger.token" },
  howToMake: "make a token at https://ledger.internal/settings",
  howToRevoke: "delete the old token at https://ledger.internal/settings",
  async verify(token, { name, signal }) {
    const { status } = await fetch("https://ledger.internal/api/whoami", {
      headers: { authorization: `Bearer ${token}` },
      redirect: "manual",
      signal,
    })
    if (status === 401) return "refused"
    if (status === 200) return "works"
    throw new SecretError("UNAVAILABLE", { secret: name, message: `the ledger answered with ${status}` })
  },
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" },
})
// #endregion
const { signal } = new AbortController()
const about = { name: "ledger/token", rotationId: "r1", fence: 1, signal }
const made = await plan.create({
  ...about,
  current: undefined,
  label: "r1",
  scopes: [],
  grace: 0,
  propagation: 0,
})
console.log(await plan.verify(made, about), await plan.verify({ value: "tly-typo" }, about))
// prints: works refused
