import { createHash, createHmac } from "node:crypto"
import type { AccessKey } from "./stored-key.ts"

/** A request that is to be signed. */
export interface Signable {
  readonly method: "GET" | "POST"
  readonly url: URL
  /** Names in lower case; `host` is added. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Where a signature is good. */
export interface Scope {
  readonly region: string
  readonly service: string
  readonly at: Date
}

const ALGORITHM = "AWS4-HMAC-SHA256"

/**
 * The headers that a request is sent with, signed by an access key: "Create a signed AWS API request" in the AWS Identity
 * and Access Management User Guide (Signature Version 4). The path is to be one that needs no encoding.
 */
export function signedHeaders(
  { method, url, headers, body }: Signable,
  { region, service, at }: Scope,
  { accessKeyId, secretAccessKey }: AccessKey,
): Record<string, string> {
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, "")
  const day = time.slice(0, 8)
  const all: Record<string, string> = { ...headers, host: url.host, "x-amz-date": time }
  const names = Object.keys(all).sort()
  const signed = names.join(";")
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&")
  const canonical = [
    method,
    url.pathname,
    query,
    ...names.map(name => `${name}:${all[name]?.trim().replace(/ +/g, " ")}`),
    "",
    signed,
    sha256(body),
  ].join("\n")
  const scope = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`)
  const signature = hmac(key, [ALGORITHM, time, scope, sha256(canonical)].join("\n")).toString("hex")
  const credential = `${accessKeyId}/${scope}`
  return {
    ...headers,
    "x-amz-date": time,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
  }
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest()
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** As RFC 3986 has it, which `encodeURIComponent` is not in five characters. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
