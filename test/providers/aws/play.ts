import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { isSecretError, type SecretError, type SecretStore } from "latchkey"
import { type AwsOptions, aws } from "latchkey/aws"
import { onTestFinished } from "vitest"

/** A request as the SDK sends it. */
export interface Request {
  /** `"GetSecretValue"`. */
  readonly action: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: IncomingHttpHeaders
}

/** What it is answered with. */
export interface Answer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown
  /** Ends the connection after the body, which is said to be longer. */
  readonly cut?: boolean
  /** Ends the connection without an answer. */
  readonly reset?: boolean
  /** Answers nothing, ever. */
  readonly hang?: boolean
}

/** A server that plays the part of Secrets Manager, and notes what it is asked. */
export interface Play {
  readonly url: string
  readonly requests: readonly Request[]
  /** How many requests were under way at the same time, at most. */
  readonly mostAtOnce: number
  /** How many connections are open. */
  connections(): Promise<number>
  /** How many requests for an action there were. */
  count(action: string): number
}

/** Starts one, until the end of the test. */
export async function play(answer: (request: Request) => Answer | Promise<Answer>): Promise<Play> {
  const requests: Request[] = []
  let underWay = 0
  let mostAtOnce = 0
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on("data", chunk => chunks.push(chunk))
    incoming.on("end", async () => {
      const action = String(incoming.headers["x-amz-target"]).replace("secretsmanager.", "")
      const request = {
        action,
        headers: incoming.headers,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      }
      requests.push(request)
      underWay += 1
      mostAtOnce = Math.max(mostAtOnce, underWay)
      const { status = 200, headers, body = {}, cut, reset, hang } = await answer(request)
      underWay -= 1
      if (hang) return
      if (reset) return void incoming.socket.resetAndDestroy()
      const text = typeof body === "string" ? body : JSON.stringify(body)
      const length = Buffer.byteLength(text) + (cut ? 100 : 0)
      response.writeHead(status, {
        "content-type": "application/x-amz-json-1.1",
        "content-length": length,
        ...headers,
      })
      if (cut) response.write(text, () => incoming.socket.destroy())
      else response.end(text)
    })
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get mostAtOnce() {
      return mostAtOnce
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    count: action => requests.filter(request => request.action === action).length,
  }
}

/** An error in the form of the service. */
export function awsError(code: string, message = "a text of the service", status = 400): Answer {
  return { status, headers: { "x-amzn-requestid": "request-1" }, body: { __type: code, Message: message } }
}

/** What the service was recorded to say of a secret that can still be brought back. */
export const DELETED = "You can't perform this operation on the secret because it was marked for deletion."

/** The id of a version, of the length that ids have. */
export function versionId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`
}

/** A secret in the form of the service. */
export function awsSecret(name: string, value: string | Uint8Array, version = versionId(1)): object {
  return {
    ARN: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`,
    Name: name,
    VersionId: version,
    VersionStages: ["AWSCURRENT"],
    CreatedDate: 1_795_000_000.5,
    ...(typeof value === "string"
      ? { SecretString: value }
      : { SecretBinary: Buffer.from(value).toString("base64") }),
  }
}

/** A store of ours that asks such a server; closed at the end of the test. */
export function storeOn(url: string, options: AwsOptions = {}): ReturnType<typeof aws> {
  const store = aws({
    region: "eu-west-1",
    endpoint: url,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-key-of-tests" },
    ...options,
  })
  onTestFinished(async () => await store.close())
  return store
}

/** Options of a call that nobody aborts. */
export const calm = { signal: new AbortController().signal }

/** The error of ours that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isSecretError(thrown)) throw new Error("the call did not fail with an error of ours")
  return thrown
}

/** Everything that an iterable of a store gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Reads a secret as it is now. */
export function read(store: SecretStore, name = "tally/api-token") {
  return store.read(name, calm)
}
