// Reads so many secrets with node-vault as it comes.
import nodeVault from "node-vault"
import { atMostTen } from "./at-most-ten.mjs"

const { VAULT_ROLE_ID, VAULT_SECRET_ID, BENCH_LOGIN, BENCH_PREFIX } = process.env
const client = nodeVault()
await client.approleLogin({
  role_id: VAULT_ROLE_ID,
  secret_id: VAULT_SECRET_ID,
  mount_point: BENCH_LOGIN,
})
await atMostTen(
  Number(process.argv[2]),
  async name => (await client.read(`${BENCH_PREFIX}${name}`)).data.data.value,
)
