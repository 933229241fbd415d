// #region program
import { createHash } from "node:crypto"
import { openSecrets } from "latchkey"

const store = process.env.LATCHKEY_STORE ?? "dotenv:.env"
const secrets = await openSecrets(store, { ttl: "2s", maxStale: "2s" })
const key = await secrets.get("auth/session-key")

const fingerprint = (value: string): string => createHash("sha256").update(value).digest("hex").slice(0, 8)
setInterval(() => console.log("signs with", fingerprint(key.reveal())), 1_000)
// #endregion
