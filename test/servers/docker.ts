import { execFile } from "node:child_process"
import { join } from "node:path"
import type { DockerService } from "./definitions/definition.ts"
import type { Definition } from "./definitions/index.ts"
import { outputOf } from "./install/index.ts"
import { freePort, type Starting } from "./start-process.ts"
import { checkout, digest } from "./system/place.ts"
import { removeRecord, type ServerRecord, writeRecord } from "./system/records.ts"
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

/**
 * Starts a server from its image, and waits until it answers. Of a container that does not come to that nothing is left,
 * and that there may be one is written down before there is.
 */
export async function startContainer(definition: Definition, starting: Starting): Promise<ServerRecord> {
  const { folder, report, users } = starting
  const { name, docker } = definition
  if (docker === undefined) throw new DockerFailed("there is no image for it")
  report("starts its container")
  const record: ServerRecord = { name, found: "docker", since: new Date().toISOString(), ...users }
  writeRecord(folder, record)
  try {
    const started = { ...record, ...(await untilWell(definition, docker, starting)) }
    writeRecord(folder, started)
    return started
  } catch (error) {
    await removeContainer(record)
    removeRecord(folder, name)
    throw error
  }
}

async function untilWell(
  definition: Definition,
  docker: DockerService<AnyServer>,
  { signal }: Starting,
): Promise<Pick<ServerRecord, "server" | "container">> {
  const { name } = definition
  // Only the proxy reads this: it shares the network of the machine, and so has no port that Docker could choose.
  const port = docker.sharesNetwork ? await freePort() : 0
  const environment = { LATCHKEY_TOXIPROXY_PORT: String(port) }
  await compose(["up", "--detach", "--wait", "--wait-timeout", "300", name], environment, signal)
  const container = (await compose(["ps", "--quiet", name], environment, signal)).trim()
  const published = docker.sharesNetwork
    ? `127.0.0.1:${port}`
    : (await compose(["port", name, String(docker.port)], environment, signal)).trim()
  const [host = "", number = ""] = published.split(":")
  const candidate = docker.server(host, Number(number))
  const health = await definition.health(candidate as never)
  if (health === undefined) throw new DockerFailed(`its container is up at ${published} and does not answer`)
  const server = { ...candidate, ...(health.version && { version: health.version }) } as AnyServer
  await definition.prepare?.(server as never)
  return { server, container }
}

/** Whether this very container still runs. */
export async function isRunning(container: string): Promise<boolean> {
  return (await outputOf("docker", ["inspect", "--format", "{{.State.Running}}", container])) === "true"
}

/**
 * Ends the container of a server, and removes it; also one of which no more is known than that it was to be started. One
 * that is not there is no failure.
 */
export async function removeContainer({ name, container }: ServerRecord): Promise<void> {
  const found = container ?? (await compose(["ps", "--all", "--quiet", name]).catch(() => ""))
  for (const one of found.split("\n").filter(line => line.trim() !== ""))
    await outputOf("docker", ["rm", "--force", "--volumes", one.trim()])
}

/** What a container printed last. */
export async function containerLog(container: string, lines: number): Promise<string> {
  return (await outputOf("docker", ["logs", "--tail", String(lines), container])) ?? ""
}

async function compose(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<string> {
  const project = `latchkey-${digest(checkout)}`
  return await new Promise((resolve, reject) => {
    let failure: unknown
    let said = ""
    const child = execFile(
      "docker",
      ["compose", "--project-name", project, "--file", FILE, ...args],
      { env: { ...process.env, ...environment }, signal },
      (error, stdout, stderr) => {
        said = stdout
        const end = stderr.trimEnd().split("\n").slice(-12)
        const message = `docker compose ${args[0]} failed\n${end.map(line => `  ${line}`).join("\n")}`
        if (error) failure = signal?.aborted ? signal.reason : new DockerFailed(message)
        if (child.pid === undefined) reject(failure)
      },
    )
    // Not before it has ended: one that is told to stop may still be making what is to be removed then.
    child.once("close", () => (failure === undefined ? resolve(said) : reject(failure)))
  })
}
