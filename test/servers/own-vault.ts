import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type Authority, newAuthority } from "../support/certificates.ts"
import { ask } from "./definitions/http.ts"
import { definitions } from "./definitions/index.ts"
import { fromReady, mountSecret, untilKvAnswers } from "./definitions/vault.ts"
import { installed, StepFailed, ToolMissing } from "./install/index.ts"
import { ServerUnavailable, type VaultServer } from "./types.ts"

/** A Vault or OpenBao that nobody else uses. */
export interface OwnVault extends VaultServer {
  readonly unsealKey: string
  /** Its authority, which also signs certificates of clients; only with `tls`. */
  readonly authority: Authority | undefined
  /** Seals it: it answers everything but its health with 503. */
  seal(): Promise<void>
  /** Unseals it, and waits until it answers. */
  unseal(): Promise<void>
  /** Ends it. */
  close(): Promise<void>
}

/** What a Vault of one's own may be told. */
export interface OwnVaultOptions {
  /** Whether it speaks TLS and asks for a certificate of the client. Default: no. */
  readonly tls?: boolean
}

/**
 * Starts a Vault of the caller's own, with version 2 of KV at `secret/`. It ends with {@link OwnVault.close}, and at
 * the latest with this process. It can have the logins `approle`, `cert`, `jwt`, `kubernetes` and `userpass`, and
 * the engines `kv` and `leased`, whose `creds/<role>` gives fresh credentials with a lease.
 *
 * @throws ServerUnavailable if it cannot be built on this machine: a Docker engine or an address is not enough.
 */
export async function ownVault(
  name: "vault" | "openbao",
  { tls = false }: OwnVaultOptions = {},
): Promise<OwnVault> {
  const program = join(await buildVault(name), name)
  const folder = await mkdtemp(join(tmpdir(), `latchkey-${name}-`))
  const authority = tls ? await newAuthority() : undefined
  const args = authority === undefined ? [] : await certificateArguments(authority, folder)
  const child = spawn(program, ["-while-stdin", ...args], { stdio: ["pipe", "pipe", "pipe"] })
  const said: string[] = []
  createInterface({ input: child.stderr }).on("line", line => said.push(line) > 12 && said.shift())
  const ended = once(child, "close")
  const close = async (): Promise<void> => {
    child.stdin.end()
    child.kill("SIGTERM")
    await ended
    await rm(folder, { recursive: true, force: true })
  }

  const ready = once(createInterface({ input: child.stdout }), "line").then(([line]) => JSON.parse(line))
  const first = await Promise.race([ready, ended.then(() => undefined)])
  if (first === undefined) {
    await close()
    throw new Error(`${name} ended before it was ready\n${said.join("\n")}`)
  }
  const server = { name, ...fromReady(first) }
  const reached = { ...server, ca: authority?.ca }

  async function order(path: string, body: object): Promise<void> {
    const headers = { "X-Vault-Token": server.rootToken }
    const answer = await ask(`${server.url}/v1/sys/${path}`, {
      method: "PUT",
      headers,
      body,
      ca: authority?.ca,
    })
    if (answer === undefined || answer.status >= 300)
      throw new Error(`${name} answered ${answer?.status ?? "nothing"} when asked to ${path}`)
  }
  try {
    await mountSecret(reached)
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...server,
    authority,
    seal: () => order("seal", {}),
    async unseal() {
      await order("unseal", { key: server.unsealKey })
      await untilKvAnswers(reached)
    },
    close,
  }
}

/** The folder with the program that {@link ownVault} starts; it is built if it is not there yet. */
export async function buildVault(name: "vault" | "openbao"): Promise<string> {
  const { installation } = definitions[name]
  if (installation === undefined) throw new TypeError(`${name} has no installation`)
  try {
    return await installed(installation, { report: () => undefined })
  } catch (error) {
    if (error instanceof ToolMissing || error instanceof StepFailed)
      throw new ServerUnavailable(name, error.message)
    throw error
  }
}

async function certificateArguments(authority: Authority, folder: string): Promise<string[]> {
  const { cert, key } = await authority.server()
  const files = { cert, key, "client-ca": authority.ca }
  return await Promise.all(
    Object.entries(files).map(async ([option, pem]) => {
      const path = join(folder, `${option}.pem`)
      await writeFile(path, pem, { mode: 0o600 })
      return `-${option}=${path}`
    }),
  )
}
