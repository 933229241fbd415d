import { vaultAppRoleSecretId } from "latchkey/rotation"

// #region approle
const plan = vaultAppRoleSecretId({
  address: "https://vault.example.com:8200",
  token: () => process.env.VAULT_TOKEN ?? "", // of whoever rotates, not of the role
  role: "web",
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" },
})
for (const line of plan.needs ?? []) console.log(line)
// #endregion
// prints: path "auth/approle/role/web/role-id" { capabilities = ["read"] }
// prints: path "auth/approle/role/web/custom-secret-id" { capabilities = ["update"] }
// prints: path "auth/approle/role/web/secret-id/lookup" { capabilities = ["update"] }
// prints: path "auth/approle/role/web/secret-id/destroy" { capabilities = ["update"] }
// prints: path "auth/approle/role/web/secret-id-accessor/lookup" { capabilities = ["update"] }
// prints: path "auth/approle/role/web/secret-id-accessor/destroy" { capabilities = ["update"] }
