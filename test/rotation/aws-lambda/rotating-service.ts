import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type SecretsManagerClient, UpdateSecretVersionStageCommand } from "@aws-sdk/client-secrets-manager"
import { bareClient } from "../../providers/aws/harness.ts"
import type { AwsServer } from "../../servers/index.ts"
import { Died, type Machine } from "./machine.ts"

type Body = Readonly<Record<string, unknown>>

interface Answer {
  readonly status: number
  readonly body: Body
}

/**
 * Secrets Manager that rotates: a proxy in front of LocalStack or moto, which call no functions, and know no version that
 * has AWSPENDING and no value. What a real rotation makes visible is added to their answers, and taken away again when a
 * request of the function makes it real.
 */
export class RotatingService {
  readonly #upstream: string
  readonly #client: SecretsManagerClient
  readonly #machine: Machine
  readonly #server = createServer((request, response) => void this.#handle(request, response))
  readonly #rotated = new Set<string>()
  /** The token of a version that has AWSPENDING and no value, by the secret's name. */
  readonly #pending = new Map<string, string>()
  /** What the function has passed on of what it was given for another account. */
  readonly rotationTokens: unknown[] = []
  /** How much later than by the machine it is here, in milliseconds. */
  #later = 0

  private constructor({ url }: AwsServer, client: SecretsManagerClient, machine: Machine) {
    this.#upstream = url
    this.#client = client
    this.#machine = machine
  }

  static async start(server: AwsServer, machine: Machine): Promise<RotatingService> {
    const service = new RotatingService(server, bareClient(server), machine)
    service.#server.listen(0, "127.0.0.1")
    await once(service.#server, "listening")
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The SDK as a person has it, past all of this. */
  get client(): SecretsManagerClient {
    return this.#client
  }

  /** Lets time go on for whoever goes by the service's answers. */
  pass(milliseconds: number): void {
    this.#later += milliseconds
  }

  /** What `RotateSecret` begins with: AWSPENDING moves to a version that has no value. */
  async begin(name: string, token: string = randomUUID()): Promise<string> {
    this.#rotated.add(name)
    const former = await this.#stagedIn(name)
    if (former !== undefined) await this.#takeOff(name, former)
    this.#pending.set(name, token)
    return token
  }

  /** `CancelRotateSecret`. */
  cancel(name: string): void {
    this.#rotated.delete(name)
  }

  /** What a person does with a rotation that is stuck: takes AWSPENDING off. */
  async unstage(name: string): Promise<void> {
    const former = await this.#stagedIn(name)
    if (former !== undefined) await this.#takeOff(name, former)
    this.#pending.delete(name)
  }

  /** The labels of each version, as whoever asks is told of them. */
  async labels(name: string): Promise<Readonly<Record<string, readonly string[]>>> {
    const { body } = await this.#ask("DescribeSecret", { SecretId: name })
    return this.#withPending(name, body).VersionIdsToStages as Record<string, readonly string[]>
  }

  async close(): Promise<void> {
    this.#client.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, "close")
  }

  async #stagedIn(name: string): Promise<string | undefined> {
    const { body } = await this.#ask("DescribeSecret", { SecretId: name })
    const labels = (body.VersionIdsToStages ?? {}) as Record<string, readonly string[]>
    return Object.keys(labels).find(id => labels[id]?.includes("AWSPENDING"))
  }

  async #takeOff(SecretId: string, RemoveFromVersionId: string): Promise<void> {
    const stage = { SecretId, RemoveFromVersionId, VersionStage: "AWSPENDING" }
    await this.#client.send(new UpdateSecretVersionStageCommand(stage))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const action = String(request.headers["x-amz-target"]).replace("secretsmanager.", "")
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Body
    let answer: Answer
    try {
      const heard = this.#machine.leave(action, !/^(?:Get|Describe|List|Batch)/.test(action))
      answer = await this.#answer(action, body, request.headers.authorization)
      if (heard === "unheard") return void request.socket.destroy()
    } catch (thrown) {
      if (!(thrown instanceof Died)) throw thrown
      return void request.socket.destroy()
    }
    const text = JSON.stringify(answer.body)
    response
      .writeHead(answer.status, {
        "content-type": "application/x-amz-json-1.1",
        "content-length": Buffer.byteLength(text),
        date: new Date(Date.now() + this.#later).toUTCString(),
      })
      .end(text)
  }

  async #answer(action: string, body: Body, authorization: string | undefined): Promise<Answer> {
    const name = nameOf(String(body.SecretId))
    const pending = this.#pending.get(name)
    if (
      action === "UpdateSecretVersionStage" &&
      body.VersionStage === "AWSPENDING" &&
      pending !== undefined &&
      body.RemoveFromVersionId === pending
    ) {
      this.#pending.delete(name)
      return { status: 200, body: { ARN: body.SecretId, Name: name } }
    }
    const answer = await this.#ask(action, body, authorization)
    if (answer.status >= 300) return answer
    if (action === "PutSecretValue" && pending === body.ClientRequestToken) {
      this.#pending.delete(name)
      this.rotationTokens.push(body.RotationToken)
    }
    return action === "DescribeSecret"
      ? { ...answer, body: this.#withPending(String(answer.body.Name), answer.body) }
      : answer
  }

  #withPending(name: string, described: Body): Body {
    const labels = { ...((described.VersionIdsToStages ?? {}) as Record<string, readonly string[]>) }
    const pending = this.#pending.get(name)
    if (pending !== undefined) labels[pending] = ["AWSPENDING"]
    return { ...described, RotationEnabled: this.#rotated.has(name), VersionIdsToStages: labels }
  }

  async #ask(action: string, body: Body, authorization?: string): Promise<Answer> {
    const answer = await fetch(this.#upstream, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `secretsmanager.${action}`,
        authorization:
          authorization ??
          "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as Body }
  }
}

/** The name in an ARN, without the hyphen and six characters at its end; a name as it is. */
function nameOf(secretId: string): string {
  return /^arn:[^:]*:secretsmanager:[^:]*:\d+:secret:(.+)-\w{6}$/.exec(secretId)?.[1] ?? secretId
}
