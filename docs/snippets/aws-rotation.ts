import { IAMClient } from "@aws-sdk/client-iam"
import { rotationHandler } from "latchkey/aws-rotation"
import { awsAccessKey, generatedKey } from "latchkey/rotation"

// #region handler
const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const

export const handler = rotationHandler(
  {
    "auth/session-key": generatedKey({ consumers }),
    "ci/uploader": awsAccessKey({
      iam: new IAMClient({ maxAttempts: 1 }),
      user: "uploader",
      exclusive: true,
      consumers,
    }),
  },
  {
    region: "eu-west-1",
    prefix: "prod",
    listener: event => console.log(JSON.stringify(event), "error" in event ? event.error.message : ""),
  },
)
// #endregion
