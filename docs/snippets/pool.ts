// #region pool
import { openSecrets, rotating } from "latchkey"
import { Pool } from "./a-database.ts"

const secrets = await openSecrets()
const url = await secrets.get("db/url")
const pool = await rotating(url, value => new Pool(value), { retire: old => old.end(), after: "30s" })

await pool.use(each => each.query("select 1")) // the pool of the newest URL, which is not ended before this is done
// #endregion
await pool.close()
await secrets.close()
// prints: select 1 at db.internal
