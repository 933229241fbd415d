import { readFileSync } from "node:fs"
import type { Request } from "./messages.ts"
import type { Method } from "./permissions.ts"

/** An answer of the real service, as ../recorded/README.md describes it. */
export interface RecordedCase {
  readonly id: string
  readonly evidence: "recorded" | "verified-test" | "pasted" | "pasted-sibling" | "golden"
  readonly given: string
  readonly request: {
    readonly op: Method
    readonly path: string
    readonly query: Readonly<Record<string, string>>
    readonly body: Readonly<Record<string, unknown>> | null
  }
  readonly answer: {
    readonly status: number
    readonly grpcCode?: number
    readonly message?: string
    readonly body?: Readonly<Record<string, unknown>>
  }
}

/** What stands for the variable parts of a case, `<project>` and its like. */
export type Variables = Readonly<Record<string, string>>

/** All cases of the service. */
export function recordedCases(): readonly RecordedCase[] {
  return JSON.parse(readFileSync(new URL("../recorded/gcp.json", import.meta.url), "utf8")) as RecordedCase[]
}

/** A text of a case with its variable parts filled in. */
export function filled(text: string, variables: Variables): string {
  return text.replace(/<(\w+)>/g, (whole, name: string) => variables[name] ?? whole)
}

/**
 * The request of a case as gRPC sends it; over HTTP the name stands in the path, behind `/v1/` and before the verb.
 *
 * @param payload what is sent where the case says `<base64>`.
 */
export function requestOf({ request }: RecordedCase, variables: Variables, payload: Buffer): Request {
  const { op, path, query, body } = request
  const name = filled(path, variables)
    .replace(/^\/v1\//, "")
    .replace(/:\w+$/, "")
  switch (op) {
    case "CreateSecret":
      return {
        parent: name.replace(/\/secrets$/, ""),
        secretId: filled(query.secretId ?? "", variables),
        secret: { ...body },
      }
    case "AddSecretVersion":
      return { parent: name, payload: { data: payload } }
    default:
      return { name }
  }
}

/**
 * What a body must hold, in the form in which gRPC delivers it: names filled in, and what differs with every call (the
 * times, the etags, the payload) left to be looked at by itself.
 */
export function bodyOf({ answer }: RecordedCase, variables: Variables): Readonly<Record<string, unknown>> {
  const { error: _http, details: _trailer, createTime, destroyTime, etag, ...body } = answer.body ?? {}
  const expected = JSON.parse(filled(JSON.stringify(body), variables)) as Record<string, unknown>
  if (typeof expected.state === "number") expected.state = STATES[expected.state]
  delete expected.payload
  return expected
}

/** The fields of a body that differ with every call. */
export function changingFieldsOf({ answer }: RecordedCase): readonly string[] {
  return ["createTime", "destroyTime", "etag"].filter(field => field in (answer.body ?? {}))
}

/** The enum SecretVersion.State. */
const STATES = ["STATE_UNSPECIFIED", "ENABLED", "DISABLED", "DESTROYED"]
