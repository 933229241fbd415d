// #region stores
import { Secrets } from "latchkey"
import { dotenv } from "latchkey/dotenv"
import { env } from "latchkey/env"
import { layered } from "latchkey/layered"

const files = dotenv({ path: [".env.local", ".env"], optional: true })
const secrets = new Secrets(layered([env(), files])) // the environment wins, then .env.local, then .env

await secrets.put("mail/key", "k-1") // a new secret: into .env.local, because nobody can write the environment
// #endregion
console.log(secrets.store.location)
console.log((await secrets.get("tally/api-token")).status.version.startsWith("1:"), process.env.MAIL__KEY)
await secrets.close()
// prints: layered:?store=env:&store=dotenv:.env.local,.env
// prints: true undefined
