// Reads so many secrets with the bare SDK.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { atMostTen } from "./at-most-ten.mjs"

const client = new SecretsManagerClient()
await atMostTen(Number(process.argv[2]), async name => {
  const SecretId = `${process.env.BENCH_PREFIX}${name}`
  return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString
})
client.destroy()
