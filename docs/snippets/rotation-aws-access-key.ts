import { IAMClient } from "@aws-sdk/client-iam"
import { awsAccessKey } from "latchkey/rotation"

// #region access-key
const plan = awsAccessKey({
  iam: new IAMClient({ region: "us-east-1", maxAttempts: 1 }), // what fails is tried again by the Rotator
  user: "uploader",
  exclusive: true, // nobody else makes keys of this user
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" },
})
for (const line of plan.needs ?? []) console.log(line)
// #endregion
// prints: iam:CreateAccessKey, iam:ListAccessKeys, iam:UpdateAccessKey and iam:DeleteAccessKey on arn:aws:iam::*:user/uploader
