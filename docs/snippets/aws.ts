import { Secrets } from "latchkey"
import { aws } from "latchkey/aws"

// #region aws
const secrets = new Secrets(aws({ region: "eu-west-1", prefix: "prod" })) // the credential chain of the SDK
// #endregion

await secrets.close()
