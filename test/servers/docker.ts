import { execFile } from "node:child_process"
import { join } from "node:path"
import type { Definition } from "./definitions/index.ts"
import { outputOf } from "./install/index.ts"
import { freePort, type Starting } from "./start-process.ts"
import { checkout, digest } from "./system/place.ts"
import { type ServerRecord, writeRecord } from "./system/records.ts"
import type { AnyServer } from "./types.ts"

const FILE = join(checkout, "docker-compose.test.yml")

/** Something that Docker did not do; the message has the end of what it printed. */
export class DockerFailed extends Error {
  override readonly name = "DockerFailed"
}

/** Whether a Docker engine answers, and knows of `docker compose`. */
export async function hasDocker(): Promise<boolean> {
  const engine = await outputOf("docker", ["info", "--format", "{{.ServerVersion}}"])
  return Boolean(engine) && (await outputOf("docker", ["compose", "version"])) !== undefined
}

/** Starts a server from its image, and waits until it answers. */
export async function startContainer(
  definition: Definition,
  { folder, report, signal, users }: Starting,
): Promise<ServerRecord> {
  const { name, docker } = definition
  if (docker === undefined) throw new DockerFailed("there is no image for it")
  report("starts its container")
  // Only the proxy reads this: it shares the network of the machine, and so has no port that Docker could choose.
  const port = docker.sharesNetwork ? await freePort() : 0
  const environment = { LATCHKEY_TOXIPROXY_PORT: String(port) }
  await compose(["up", "--detach", "--wait", "--wait-timeout", "300", name], environment, signal)
  const container = (await compose(["ps", "--quiet", name], environment, signal)).trim()
  const published = docker.sharesNetwork
    ? `127.0.0.1:${port}`
    : (await compose(["port", name, String(docker.port)], environment, signal)).trim()
  const [host = "", number = ""] = published.split(":")
  const candidate = docker.server(host, Number(number)) as AnyServer
  const health = await definition.health(candidate as never)
  if (health === undefined) {
    await removeContainer(container)
    throw new DockerFailed(`its container is up at ${published} and does not answer`)
  }
  const server = { ...candidate, ...(health.version && { version: health.version }) } as AnyServer
  await definition.prepare?.(server as never)
  const record = {
    name,
    server,
    found: "docker",
    container,
    since: new Date().toISOString(),
    ...users,
  } as const
  writeRecord(folder, record)
  return record
}

/** Whether this very container still runs. */
export async function isRunning(container: string): Promise<boolean> {
  return (await outputOf("docker", ["inspect", "--format", "{{.State.Running}}", container])) === "true"
}

/** Ends a container, and removes it. One that is not there is no failure. */
export async function removeContainer(container: string): Promise<void> {
  await outputOf("docker", ["rm", "--force", "--volumes", container])
}

/** What a container printed last. */
export async function containerLog(container: string, lines: number): Promise<string> {
  return (await outputOf("docker", ["logs", "--tail", String(lines), container])) ?? ""
}

async function compose(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const project = `latchkey-${digest(checkout)}`
  return await new Promise((resolve, reject) => {
    execFile(
      "docker",
      ["compose", "--project-name", project, "--file", FILE, ...args],
      { env: { ...process.env, ...environment }, signal },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout)
        const end = stderr.trimEnd().split("\n").slice(-12)
        reject(
          new DockerFailed(`docker compose ${args[0]} failed\n${end.map(line => `  ${line}`).join("\n")}`),
        )
      },
    )
  })
}
