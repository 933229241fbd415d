import type { SecretValue } from "../../../core/index.ts"

/** An access key of IAM, as the secret holds it: JSON with these two fields, as the SDKs call them. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The text of the secret. */
export function textOfKey({ accessKeyId, secretAccessKey }: AccessKey): string {
  return JSON.stringify({ accessKeyId, secretAccessKey })
}

/** The key that a value holds; `undefined` if it holds none. What else stands in it is passed over. */
export function keyIn(value: SecretValue): AccessKey | undefined {
  let content: unknown
  try {
    content = JSON.parse(typeof value === "string" ? value : new TextDecoder().decode(value))
  } catch {
    return undefined
  }
  const { accessKeyId, secretAccessKey } = (content ?? {}) as Partial<Record<keyof AccessKey, unknown>>
  if (!isKeyId(accessKeyId) || typeof secretAccessKey !== "string" || secretAccessKey === "") return undefined
  return { accessKeyId, secretAccessKey }
}

/** Whether something is the id of an access key ("AccessKey" in the IAM API Reference): safe to print. */
export function isKeyId(id: unknown): id is string {
  return typeof id === "string" && /^\w{16,128}$/.test(id)
}
