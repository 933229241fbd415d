import { Agent } from "node:http"
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager"
import { aws } from "../../../../providers/aws/index.ts"
import type { AwsServer } from "../../../servers/index.ts"
import { layWire } from "../../crash/wire.ts"
import type { AwsAddress } from "./address.ts"
import type { Arena } from "./arena.ts"
import type { Opened, Opening } from "./open.ts"

/** The labels that versions have without any rotation of ours. */
const OF_THE_SERVICE = ["AWSCURRENT", "AWSPREVIOUS"]

/** A replica's own way to the server. */
export async function openAws(address: AwsAddress, { life, now }: Opening): Promise<Opened> {
  const { url, region, accessKeyId, secretAccessKey } = address
  const agent = new Agent({ keepAlive: true })
  const wire = await layWire({ life, upstream: url, agent, now })
  const store = aws({ endpoint: wire.url, region, credentials: { accessKeyId, secretAccessKey } })
  return {
    store,
    async close() {
      await wire.close()
      await store.close()
      agent.destroy()
    },
  }
}

/** A secret on a server that answers as AWS Secrets Manager does. */
export async function awsArena({ url, region, accessKeyId, secretAccessKey }: AwsServer): Promise<Arena> {
  const address: AwsAddress = { kind: "aws", url, region, accessKeyId, secretAccessKey }
  const credentials = { accessKeyId, secretAccessKey }
  const client = new SecretsManagerClient({ endpoint: url, region, credentials, maxAttempts: 1 })
  const name = `race-${crypto.randomUUID().slice(0, 8)}/token`
  const heldBy = async (which: { VersionId: string } | { VersionStage: string }) =>
    (await client.send(new GetSecretValueCommand({ SecretId: name, ...which }))).SecretString ?? ""
  const remove = async (SecretId: string) =>
    await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
  const labels = async () =>
    (await client.send(new DescribeSecretCommand({ SecretId: name }))).VersionIdsToStages ?? {}
  return {
    address,
    name,
    put: async value =>
      void (await client.send(new CreateSecretCommand({ Name: name, SecretString: value }))),
    async history() {
      const known = Object.values(await labels()).flat()
      const stages = ["AWSPREVIOUS", "AWSCURRENT"].filter(label => known.includes(label))
      return await Promise.all(stages.map(async VersionStage => await heldBy({ VersionStage })))
    },
    async remnants() {
      const labelled = Object.entries(await labels()).filter(([, own]) =>
        own.some(label => !OF_THE_SERVICE.includes(label)),
      )
      return await Promise.all(
        labelled.map(async ([VersionId]) => ({
          what: "a version with the label of a rotation",
          value: await heldBy({ VersionId }),
        })),
      )
    },
    async close() {
      await remove(`latchkey/rotation/${name}`)
      await remove(name)
      client.destroy()
    },
  }
}
