// Reads so many secrets with the bare SDK.
import { readFileSync } from "node:fs"
import { DefaultAzureCredential } from "@azure/identity"
import { SecretClient } from "@azure/keyvault-secrets"
import { atMostTen } from "./at-most-ten.mjs"

const { BENCH_URL = "", BENCH_CA = "" } = process.env
const client = new SecretClient(BENCH_URL, new DefaultAzureCredential(), {
  tlsOptions: { ca: readFileSync(BENCH_CA, "utf8") },
  disableChallengeResourceVerification: true,
})
await atMostTen(
  Number(process.argv[2]),
  async name => (await client.getSecret(name.replaceAll("/", "--"))).value,
)
