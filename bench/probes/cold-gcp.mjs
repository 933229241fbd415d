// Reads so many secrets with the bare SDK.
import { SecretManagerServiceClient } from "@google-cloud/secret-manager"
import { credentials } from "@grpc/grpc-js"
import { atMostTen } from "./at-most-ten.mjs"

const { BENCH_HOST = "", BENCH_PORT, BENCH_PROJECT } = process.env
const client = new SecretManagerServiceClient({
  apiEndpoint: BENCH_HOST,
  port: Number(BENCH_PORT),
  sslCreds: credentials.createInsecure(),
})
await atMostTen(Number(process.argv[2]), async name => {
  const secret = name.replaceAll("/", "--")
  const [version] = await client.accessSecretVersion({
    name: `projects/${BENCH_PROJECT}/secrets/${secret}/versions/latest`,
  })
  return version.payload?.data?.toString()
})
await client.close()
