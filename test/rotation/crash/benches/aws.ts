import { Agent } from "node:http"
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager"
import type { AwsServer } from "../../../servers/index.ts"
import type { Life } from "../life.ts"
import { openConfigured } from "../process/store-config.ts"
import { layWire } from "../wire.ts"
import type { Bench, Place, Way } from "./bench.ts"
import { opened } from "./opened.ts"

const calm = { signal: new AbortController().signal }

/** The labels that versions have without any rotation of ours. */
const OF_THE_SERVICE = ["AWSCURRENT", "AWSPREVIOUS"]

/** Secrets on a server that answers as AWS Secrets Manager does. */
export function awsBench(server: AwsServer): Bench {
  const { region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const client = new SecretsManagerClient({ endpoint: server.url, region, credentials, maxAttempts: 1 })
  const run = `crash-${crypto.randomUUID().slice(0, 8)}`
  const agent = new Agent({ keepAlive: true })
  let places = 0

  return {
    async place(now): Promise<Place> {
      places += 1
      const name = `${run}/token-${places}`
      const at = (endpoint: string) => ({ is: "aws", endpoint, region, ...credentials }) as const
      const consumer = openConfigured(at(server.url)).store
      const way = async (life: Life): Promise<Way> => {
        const { url, close } = await layWire({ life, upstream: server.url, agent, now })
        return { config: at(url), close }
      }
      const gone = async (SecretId: string) =>
        await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
      return {
        name,
        way,
        open: async life => await opened(await way(life)),
        read: async () => String((await consumer.read(name, calm)).value),
        async put(value) {
          const content = { SecretString: value }
          await client.send(new CreateSecretCommand({ Name: name, ...content })).catch(async thrown => {
            if (thrown.name !== "ResourceExistsException") throw thrown
            await client.send(new PutSecretValueCommand({ SecretId: name, ...content }))
          })
        },
        async leftovers() {
          const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: name }))
          const kept = Object.entries(VersionIdsToStages).filter(([, labels]) =>
            labels.some(label => !OF_THE_SERVICE.includes(label)),
          )
          return await Promise.all(
            kept.map(async ([VersionId]) => {
              const { SecretString } = await client.send(
                new GetSecretValueCommand({ SecretId: name, VersionId }),
              )
              return { what: "a version with the label of a rotation", value: SecretString }
            }),
          )
        },
        async remove() {
          await consumer.close()
          await gone(`latchkey/rotation/${name}`)
          await gone(name)
        },
      }
    },
    async close() {
      agent.destroy()
      client.destroy()
    },
  }
}
