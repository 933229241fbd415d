// #region config
import { defineRotations, generatedKey, tallyToken } from "latchkey/rotation"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const

export default defineRotations(({ input }) => ({
  store: process.env.LATCHKEY_STORE ?? "vault://vault.internal:8200/secret",
  rotations: {
    "auth/session-key": {
      plan: generatedKey({ consumers: { ...consumers, tokenLifetime: "8h" } }),
      schedule: { cron: "0 3 * * *", timezone: "Europe/Paris" },
    },
    // A person makes it: latchkey rotate tally/api-token --token-stdin
    "tally/api-token": { plan: tallyToken({ input, consumers }) },
  },
}))
// #endregion
