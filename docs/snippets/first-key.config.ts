// #region config
import { defineRotations, generatedKey } from "latchkey/rotation"

export default defineRotations({
  store: process.env.LATCHKEY_STORE ?? "dotenv:.env",
  rotations: {
    "auth/session-key": {
      plan: generatedKey({
        bytes: 32,
        // How long programs go on with the old key. Short, to see something; what is usual is "5m", "1h", "30s" and "8h".
        consumers: { ttl: "2s", maxStale: "2s", callTimeout: "1s", tokenLifetime: "0s" },
      }),
      schedule: { interval: "24h" },
    },
  },
})
// #endregion
