import type { VaultServer } from "../../servers/index.ts"

/** The server as its administrator asks it. */
export interface VaultRoot {
  /** @returns the answer's JSON, or `undefined` where there is none. */
  ask(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>
}

/** Asks as the administrator. @throws Error with the status of a refusal. */
export function rootOf({ url, rootToken }: Pick<VaultServer, "url" | "rootToken">): VaultRoot {
  return {
    async ask(method, path, body) {
      const answer = await fetch(`${url}/v1/${path}`, {
        method,
        headers: { "x-vault-token": rootToken },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}`)
      return text === "" ? undefined : JSON.parse(text)
    },
  }
}
