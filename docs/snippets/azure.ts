import { Secrets } from "latchkey"
import { azure } from "latchkey/azure"

export function inAzure(): Secrets {
  // #region azure
  const secrets = new Secrets(azure({ vault: "my-vault", prefix: "prod" })) // DefaultAzureCredential
  // #endregion
  return secrets
}
