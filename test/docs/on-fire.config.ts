import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { SecretError } from "latchkey"
import { type Consumers, defineRotations, type RotationPlan } from "latchkey/rotation"

/** What goes wrong, as the test has written it into the folder of the command. */
const mode = readFileSync("mode", "utf8")

/** So short a grace that the end of it can be waited for. */
const consumers: Consumers = { ttl: "1s", maxStale: "0s", callTimeout: "1s", tokenLifetime: "0s" }

const newValue = (): string => randomBytes(24).toString("base64url")

async function unreachable(): Promise<never> {
  throw new SecretError("UNAVAILABLE", { message: "the far side is down" })
}

async function verify(): Promise<"works" | "refused"> {
  if (mode === "down") return await unreachable()
  return mode === "no-overlap, refuses" ? "refused" : "works"
}

function plan(): RotationPlan {
  if (mode.startsWith("minted")) {
    return {
      kind: "minted",
      consumers,
      overlap: true,
      labels: false,
      async mint() {
        // Perhaps it has made one, and the answer was lost.
        if (mode === "minted, answer lost") throw new SecretError("UNAVAILABLE", { message: "no answer" })
        return { value: newValue(), id: newValue() }
      },
      verify,
      revoke: async () => undefined,
    }
  }
  return {
    kind: "generated",
    consumers,
    acceptsOutage: true,
    overlap: !mode.startsWith("no-overlap"),
    create: async () => ({ value: newValue(), ...(mode === "same" ? { id: "the-only-one" } : {}) }),
    verify,
    ...(mode === "cannot be ended" ? { revoke: unreachable } : {}),
    ...(mode === "same" ? { identify: async () => "the-only-one", revoke: async () => undefined } : {}),
  }
}

export default defineRotations({
  store: process.env.LATCHKEY_STORE ?? "",
  rotations: { "auth/session-key": { plan: plan(), schedule: { interval: "24h" } } },
})
