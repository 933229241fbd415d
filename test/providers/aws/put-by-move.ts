import { randomUUID } from "node:crypto"
import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager"
import { putBare } from "./harness.ts"

/**
 * Makes this the value of a secret as somebody does who puts it aside first and then moves AWSCURRENT to it. After such
 * a move, which is also how a rotation promotes, moto's own `PutSecretValue` leaves AWSCURRENT on two versions; in this
 * way it stands on one, as with the service.
 *
 * @param name the secret's own name.
 */
export async function putByMove(
  client: SecretsManagerClient,
  name: string,
  value: string | Uint8Array,
): Promise<void> {
  const current = await currentOf(client, name)
  if (current === undefined) return await putBare(client, name, value)
  const token = randomUUID()
  const content = typeof value === "string" ? { SecretString: value } : { SecretBinary: value }
  await client.send(
    new PutSecretValueCommand({
      SecretId: name,
      ...content,
      ClientRequestToken: token,
      VersionStages: [`aside-${token}`],
    }),
  )
  for (let from: string | undefined = current; from !== undefined; from = await currentOf(client, name)) {
    const move = { VersionStage: "AWSCURRENT", MoveToVersionId: token, RemoveFromVersionId: from }
    try {
      await client.send(new UpdateSecretVersionStageCommand({ SecretId: name, ...move }))
      return
    } catch (thrown) {
      // Somebody else has moved it in between.
      if ((thrown as Error).name !== "InvalidParameterException") throw thrown
    }
  }
}

async function currentOf(client: SecretsManagerClient, name: string): Promise<string | undefined> {
  try {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: name }))
    return Object.keys(VersionIdsToStages).find(id => VersionIdsToStages[id]?.includes("AWSCURRENT"))
  } catch (thrown) {
    if ((thrown as Error).name === "ResourceNotFoundException") return undefined
    throw thrown
  }
}
