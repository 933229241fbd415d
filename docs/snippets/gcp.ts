import { Secrets } from "latchkey"
import { gcp } from "latchkey/gcp"

export function inGoogleCloud(): Secrets {
  // #region gcp
  const secrets = new Secrets(gcp({ project: "my-project", prefix: "prod" })) // Application Default Credentials
  // #endregion
  return secrets
}
