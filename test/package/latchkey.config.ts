import { defineRotations, generatedKey } from "latchkey/rotation"

const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "1s", tokenLifetime: "0s" } as const

export default defineRotations({
  store: "dotenv:.env",
  rotations: { "auth/session-key": { plan: generatedKey({ consumers }) } },
})
