import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets"
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import middy from "@middy/core"
import secretsManager from "@middy/secrets-manager"
import { Secrets } from "latchkey"
import { countingStore } from "../counting-store.ts"
import { fakeAws } from "../fake-aws.ts"
import { exactly, type Row } from "../row.ts"

const AT_ONCE = 50
const LATENCY = 20

/** How many calls to the store 50 parallel gets of one name make that nobody asked for before. */
export const row: Row = {
  id: "cold-50",
  async measure() {
    const result = { what: "50 parallel cold gets", ours: await ours(), unit: "calls" }
    return [
      exactly(1, { ...result, peer: await powertools(), peerName: "Powertools" }),
      exactly(1, { ...result, peer: await middyCalls(), peerName: "middy" }),
    ]
  },
}

async function ours(): Promise<number> {
  const counting = countingStore(LATENCY)
  const secrets = new Secrets(counting.store)
  const handles = await Promise.all(Array.from({ length: AT_ONCE }, () => secrets.get("tally/api-token")))
  if (handles.some(handle => handle.reveal() !== "value of tally/api-token")) throw new Error("a wrong value")
  await secrets.close()
  return counting.calls
}

async function powertools(): Promise<number> {
  const aws = fakeAws(LATENCY)
  const provider = new SecretsProvider({ awsSdkV3Client: aws.client })
  const values = await Promise.all(
    Array.from({ length: AT_ONCE }, () => provider.get("tally/api-token", { maxAge: 300 })),
  )
  if (values.some(value => value !== "value of tally/api-token")) throw new Error("a wrong value")
  return aws.calls
}

/** middy reads before it hands the request on; invocations that run at the same time share one cache. */
async function middyCalls(): Promise<number> {
  const aws = fakeAws(LATENCY)
  const handler = middy<unknown, string, Error, { token: string }>()
    .use(
      secretsManager({
        AwsClient: function AwsClient() {
          return aws.client
        } as unknown as new () => SecretsManagerClient,
        disablePrefetch: true,
        fetchData: { token: "tally/api-token" },
        setToContext: true,
      }),
    )
    .handler(async (_event, context) => (context as unknown as { token: string }).token)
  const context = { getRemainingTimeInMillis: () => 10_000 } as never
  const values = await Promise.all(Array.from({ length: AT_ONCE }, () => handler({}, context)))
  if (values.some(value => value !== "value of tally/api-token")) throw new Error("a wrong value")
  return aws.calls
}
