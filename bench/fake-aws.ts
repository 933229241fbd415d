import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager"

/** A real client whose requests end in this process: every secret holds its own name. */
export interface FakeAws {
  readonly client: SecretsManagerClient
  /** How many requests were made. */
  readonly calls: number
  /** How many were under way at the same time, at most. */
  readonly mostAtOnce: number
}

/** @param latency milliseconds until an answer comes. */
export function fakeAws(latency: number): FakeAws {
  let calls = 0
  let underWay = 0
  let mostAtOnce = 0
  const requestHandler = {
    async handle(request: { body: Uint8Array }) {
      calls += 1
      underWay += 1
      mostAtOnce = Math.max(mostAtOnce, underWay)
      await new Promise(resolve => setTimeout(resolve, latency))
      underWay -= 1
      const { SecretId } = JSON.parse(new TextDecoder().decode(request.body)) as { SecretId: string }
      const body = JSON.stringify({ Name: SecretId, SecretString: `value of ${SecretId}`, VersionId: "1" })
      const headers = { "content-type": "application/x-amz-json-1.1" }
      return { response: { statusCode: 200, reason: "OK", headers, body: Buffer.from(body) } }
    },
  }
  const client = new SecretsManagerClient({
    region: "eu-west-1",
    credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
    requestHandler: requestHandler as never,
  })
  return {
    client,
    get calls() {
      return calls
    },
    get mostAtOnce() {
      return mostAtOnce
    },
  }
}
