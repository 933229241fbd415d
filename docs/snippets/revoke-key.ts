import { Secrets } from "latchkey"
import { dotenv } from "latchkey/dotenv"
import { keyring, keyringKey, Rotator } from "latchkey/rotation"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" } as const
const secrets = new Secrets(dotenv(".env"))
const rotator = new Rotator({ secrets, rotations: { "auth/jwt-key": { plan: keyringKey({ consumers }) } } })
await rotator.rotate("auth/jwt-key")
const keys = await keyring(secrets, "auth/jwt-key")
const leaked = keys.current().id
// #region revoke
await rotator.rotate("auth/jwt-key", { compromised: true }) // a new key is signed with at once, and no other one is good
// #endregion
console.log(keys.keys().length, await keys.find(leaked))
await keys.close()
await rotator.close()
await secrets.close()
// prints: 1 undefined
