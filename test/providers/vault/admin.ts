import { readFile } from "node:fs/promises"
import { type IncomingMessage, request as overHttp } from "node:http"
import { request as overHttps, type RequestOptions } from "node:https"
import { text as textOf } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { eventually } from "../../support/eventually.ts"

/** A real server, and the means of those who run it. */
export interface Admin {
  readonly url: string
  readonly token: string
  /** Asks the server as root, in a namespace if one is given. Fails for every status but those of success and `fine`. */
  ask(
    method: string,
    path: string,
    body?: Readonly<Record<string, unknown>>,
    options?: { readonly fine?: readonly number[]; readonly namespace?: string; readonly token?: string },
  ): Promise<Json>
}

/** What a server answers, as a test looks at it: whatever is not there is `undefined`. */
export interface Json {
  readonly [key: string]: Json
}

export function adminOf(server: { readonly url: string; readonly rootToken: string }, ca?: string): Admin {
  return {
    url: server.url,
    token: server.rootToken,
    async ask(method, path, body, { fine = [], namespace, token = server.rootToken } = {}) {
      const headers = { "x-vault-token": token, ...(namespace && { "x-vault-namespace": namespace }) }
      const response = await answerTo(`${server.url}/v1/${path}`, { method, headers, ca }, body)
      const text = await textOf(response)
      const { statusCode = 0 } = response
      if (statusCode >= 300 && !fine.includes(statusCode))
        throw new Error(`${method} ${path} ended with ${statusCode}: ${text}`)
      return (text === "" ? {} : JSON.parse(text)) as Json
    },
  }
}

/** Not by `fetch`, which takes no authority for one request. */
async function answerTo(url: string, options: RequestOptions, body: unknown): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? overHttps : overHttp
    send(url, { ...options, agent: false }, resolve)
      .on("error", reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** A part of a path that nobody else has. */
export function unique(what: string): string {
  return `${what}-${Math.random().toString(36).slice(2, 10)}`
}

/** Mounts a key-value engine of its own, and waits until it answers: a new one of version 2 is made ready at first. */
export async function mountKv(admin: Admin, version: 1 | 2, namespace?: string): Promise<string> {
  const mount = unique(`kv${version}`)
  const inNamespace = namespace === undefined ? {} : { namespace }
  await admin.ask(
    "POST",
    `sys/mounts/${mount}`,
    { type: "kv", options: { version: String(version) } },
    inNamespace,
  )
  if (version === 2) {
    await eventually(async () => {
      const answer = await admin.ask("GET", `${mount}/config`, undefined, { ...inNamespace, fine: [400] })
      expect(answer).toHaveProperty("data")
    })
  }
  return mount
}

/** A policy that the documentation holds ready to be pasted, for another mount. */
export async function policyFile(name: string, mount: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../../docs/permissions/${name}.hcl`, import.meta.url))
  return (await readFile(path, "utf8")).replaceAll(/"(?:secret|database)\//g, `"${mount}/`)
}

/** Makes a token that may do what a policy says, and nothing else; gives back the name of the policy, too. */
export async function tokenFor(
  admin: Admin,
  policy: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly token: string; readonly policy: string }> {
  const name = unique("policy")
  await admin.ask("POST", `sys/policies/acl/${name}`, { policy })
  const answer = await admin.ask("POST", "auth/token/create", {
    policies: [name],
    no_default_policy: true,
    ...more,
  })
  return { token: String(answer.auth?.client_token), policy: name }
}
