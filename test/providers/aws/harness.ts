import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager"
import { type AwsOptions, aws } from "latchkey/aws"
import type { Harness } from "latchkey/testing"
import type { AwsServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"

let harnesses = 0

/** The SDK as it comes, and nothing of ours: what changes the server behind a store's back. */
export function bareClient({ url, region, accessKeyId, secretAccessKey }: AwsServer): SecretsManagerClient {
  return new SecretsManagerClient({
    endpoint: url,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
}

/** Makes this the value of a secret, as a person would. @param name the secret's own name. */
export async function putBare(
  client: SecretsManagerClient,
  name: string,
  value: string | Uint8Array,
): Promise<void> {
  const content = typeof value === "string" ? { SecretString: value } : { SecretBinary: value }
  await client.send(new CreateSecretCommand({ Name: name, ...content })).catch(async thrown => {
    if (thrown.name !== "ResourceExistsException") throw thrown
    await client.send(new PutSecretValueCommand({ SecretId: name, ...content }))
  })
}

/** A store on a server that answers as Secrets Manager does, under a prefix that nobody else uses. */
export async function awsHarness(server: AwsServer, more: AwsOptions = {}): Promise<Harness> {
  const canary = newCanary()
  const client = bareClient(server)
  const prefix = `run-${process.pid}-${Date.now()}/h${++harnesses}`
  const store = aws({
    region: server.region,
    endpoint: server.url,
    credentials: { accessKeyId: server.accessKeyId, secretAccessKey: canary.text },
    prefix,
    ...more,
  })
  const native = (name: string) => `${prefix}/${name}`
  const put = async (name: string, value: string | Uint8Array): Promise<void> =>
    await putBare(client, native(name), value)
  await put("other-secret", canary.text)
  return {
    store: canary.watch(store),
    put,
    remove: async name => void (await client.send(new DeleteSecretCommand({ SecretId: native(name) }))),
    // The service's model wants at least one byte, and both servers take an empty text for one that is missing.
    holds: value => value.length > 0,
    largest: 65_536,
    close: async () => client.destroy(),
  }
}
