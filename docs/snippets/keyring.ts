import { openSecrets } from "latchkey"
import { keyring, keyringKey, Rotator } from "latchkey/rotation"
import { sign, verify } from "./jwt.ts"

// #region plan
const plan = keyringKey({
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" },
})
const secrets = await openSecrets()
const rotations = { "auth/jwt-key": { plan, schedule: { interval: "30d" } } } as const
const rotator = new Rotator({ secrets, rotations })
await rotator.tick() // makes the first key, where there is none
// #endregion
// #region keyring
const keys = await keyring(secrets, "auth/jwt-key")
const token = await sign(keys, { sub: "ada" }, "8h")
const { sub } = await verify(keys, token)
// #endregion
console.log(sub)
await keys.close()
await rotator.close()
await secrets.close()
// prints: ada
