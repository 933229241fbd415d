import { spawn } from "node:child_process"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { join } from "node:path"
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  IAMClient,
} from "@aws-sdk/client-iam"
import { definitions } from "../../../servers/definitions/index.ts"
import { installed, StepFailed, ToolMissing } from "../../../servers/install/index.ts"
import { ServerUnavailable } from "../../../servers/types.ts"
import { eventually } from "../../../support/eventually.ts"

/** A moto that nobody else uses, and that looks at signatures and at permissions, as AWS does. */
export interface StrictMoto {
  readonly url: string
  /** A client of a user that may do just what these statements allow. */
  clientOf(actions: readonly string[], resource: string): Promise<IAMClient>
  /** A user without keys, and the SDK as somebody who may do everything. */
  user(name: string): Promise<void>
  readonly anybody: IAMClient
  close(): Promise<void>
}

/** @throws ServerUnavailable if it cannot be installed on this machine: an address or an image is not enough. */
export async function strictMoto(): Promise<StrictMoto> {
  const folder = await folderOfMoto()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)]
  const child = spawn(join(folder, "bin", "python"), args, { stdio: "ignore" })
  const ended = once(child, "close")
  const clients: IAMClient[] = []
  const close = async (): Promise<void> => {
    for (const client of clients) client.destroy()
    child.kill("SIGTERM")
    await ended
  }
  const client = (accessKeyId: string, secretAccessKey: string): IAMClient => {
    const made = new IAMClient({
      endpoint: url,
      region: "eu-west-1",
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    })
    clients.push(made)
    return made
  }

  try {
    await eventually(async () => await fetch(`${url}/moto-api/`), { every: 100 })
    const setup = client("setup", "setup")
    const named = async (
      name: string,
      action: string | readonly string[],
      Resource: string,
    ): Promise<IAMClient> => {
      const Statement = [{ Effect: "Allow", Action: action, Resource }]
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement })
      await setup.send(new CreateUserCommand({ UserName: name }))
      const { Policy } = await setup.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument }))
      await setup.send(new AttachUserPolicyCommand({ UserName: name, PolicyArn: Policy?.Arn }))
      const { AccessKey } = await setup.send(new CreateAccessKeyCommand({ UserName: name }))
      return client(AccessKey?.AccessKeyId ?? "", AccessKey?.SecretAccessKey ?? "")
    }
    const lookAtSignatures = async (afterSoMany: number): Promise<void> =>
      void (await fetch(`${url}/moto-api/reset-auth`, { method: "POST", body: String(afterSoMany) }))
    const anybody = await named("somebody-who-may-do-everything", "*", "*")
    await lookAtSignatures(0)
    let users = 0
    return {
      url,
      anybody,
      async clientOf(actions, resource) {
        await lookAtSignatures(Number.MAX_SAFE_INTEGER)
        const made = await named(`rotator-${++users}`, actions, resource)
        await lookAtSignatures(0)
        return made
      },
      user: async name => void (await anybody.send(new CreateUserCommand({ UserName: name }))),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The folder in which moto is installed. */
async function folderOfMoto(): Promise<string> {
  const { installation } = definitions.moto
  if (installation === undefined) throw new TypeError("moto has no installation")
  try {
    return await installed(installation, { report: () => undefined })
  } catch (error) {
    if (error instanceof ToolMissing || error instanceof StepFailed)
      throw new ServerUnavailable("moto", error.message)
    throw error
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
