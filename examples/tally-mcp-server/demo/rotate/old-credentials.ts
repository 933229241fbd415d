import { setTimeout as pause } from "node:timers/promises"
import { SignJWT } from "jose"
import { ISSUER } from "../../src/http/access-tokens.ts"
import type { Database } from "./database.ts"

/** A credential that is in use now, kept to try it out when it should be dead. */
export interface Specimen {
  /** Whether anybody still accepts it. @throws Error for an answer that tells neither. */
  isAccepted(): Promise<boolean>
}

/** So long may it take the last replica to have noticed, in ms. */
const NOTICED_WITHIN_MS = 5_000

/** Waits until nobody accepts it any more. @returns whether that came to be */
export async function isDeadSoon(specimen: Specimen): Promise<boolean> {
  const start = performance.now()
  while (await specimen.isAccepted()) {
    if (performance.now() - start > NOTICED_WITHIN_MS) return false
    await pause(100)
  }
  return true
}

/** A token that is good for an hour by its date, signed with the key that the secret holds: the key alone ends it. */
export async function tokenUnder(secret: string, origins: readonly string[]): Promise<Specimen> {
  const { id, value } = currentKeyOf(secret)
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid: id })
    .setSubject("somebody")
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setIssuedAt()
    .setExpirationTime("1 hour")
    .sign(Buffer.from(value, "base64url"))
  return {
    async isAccepted() {
      const answers = await Promise.all(origins.map(async origin => await askedWith(token, origin)))
      return answers.some(status => status === 200)
    },
  }
}

/** A login, tried on a fresh connection. */
export function loginOf(secret: string, database: Database): Specimen {
  const { username, password } = new URL(secret)
  return {
    async isAccepted() {
      try {
        const client = await database.connect({ user: username, password })
        await client.end()
        return true
      } catch (thrown) {
        // "invalid_password" and "invalid_authorization_specification" (PostgreSQL Error Codes).
        const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined
        if (code === "28P01" || code === "28000") return false
        throw new Error("PostgreSQL did not say whether it accepts the old password")
      }
    },
  }
}

/** A secret of before its first rotation is the key itself, which is then known as `initial`. */
function currentKeyOf(secret: string): { readonly id: string; readonly value: string } {
  if (!secret.startsWith("{")) return { id: "initial", value: secret }
  const { current, keys } = JSON.parse(secret) as { current: string; keys: { id: string; value: string }[] }
  const found = keys.find(({ id }) => id === current)
  if (found === undefined) throw new Error("the set of keys has no current one")
  return found
}

async function askedWith(token: string, origin: string): Promise<number> {
  const response = await fetch(`${origin}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
  })
  await response.arrayBuffer()
  if (response.status !== 200 && response.status !== 401) {
    throw new Error(`a replica answered an old token with ${response.status}`)
  }
  return response.status
}
