import { Secrets } from "latchkey"
import { vault } from "latchkey/vault"

export function inVault(): Secrets {
  // #region vault
  const secrets = new Secrets(
    vault({
      address: "https://vault.example.com:8200",
      kv: 2, // openVault() asks the server instead
      auth: { method: "kubernetes", role: "web" },
      prefix: "prod",
    }),
  )
  // #endregion
  return secrets
}
