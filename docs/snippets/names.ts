import { Secrets } from "latchkey"
import { env } from "latchkey/env"

process.env.TALLY_API_KEY = "tly-snippet"
process.env.DB = '{ "password": "pass", "hosts": ["one", "two"] }'
// #region names
const secrets = new Secrets(env({ rename: { "tally/api-token": "TALLY_API_KEY" } }))

await secrets.get("tally/api-token") // TALLY_API_KEY, because it was renamed
await secrets.get("db#password") // the field "password" of the JSON in DB
await secrets.get("db#/hosts/0") // a JSON pointer, for what lies deeper
// #endregion
console.log((await secrets.get("db#/hosts/0")).name)
await secrets.close()
// prints: db#/hosts/0
