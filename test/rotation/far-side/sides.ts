import { expect } from "vitest"
import { TallyStandIn } from "../../../examples/tally-mcp-server/stand-in/index.ts"
import { type Consumers, type RotationPlan, vaultAppRoleSecretId } from "../../../src/rotation/index.ts"
import { type Admin, unique } from "../../providers/vault/admin.ts"
import { newCanary } from "../../support/canary.ts"
import { mintedTally } from "./minted-tally.ts"
import { type Wire, wireTo } from "./wire-faults.ts"

/** The other side of one rotation. */
export interface Far {
  /** What the secret holds at first, which the far side accepts. */
  readonly first: string
  readonly plan: RotationPlan
  /** Uses what a consumer has read, not by the way that the plan goes. Throws if it is refused. */
  use(value: string): Promise<void>
  /** The ids of all that the far side accepts, by its own list. */
  accepted(): Promise<readonly string[]>
  /** The id of what has this value. */
  idOf(value: string): Promise<string | undefined>
  /** The way that the plan goes, where it is not that of the store. */
  readonly wire?: Wire
  close(): Promise<void>
}

const consumers: Consumers = { ttl: "5m", maxStale: "0s", callTimeout: "5s", tokenLifetime: "0s" }
const deadlines = { make: "20s", apply: "20s", verify: "30s", revoke: "20s", list: "20s" } as const

/** Secret ids of AppRole, which are made here; on the same server as the secret, and by the same way. */
export async function appRole(admin: Admin, mount: string, wire: Wire): Promise<Far> {
  const role = unique("web")
  const at = `auth/${mount}/role/${role}`
  await admin.ask("POST", at, { token_policies: ["default"], token_ttl: "5m" })
  const { data } = await admin.ask("GET", `${at}/role-id`)
  const made = await admin.ask("POST", `${at}/secret-id`)
  return {
    first: String(made.data?.secret_id),
    plan: vaultAppRoleSecretId({ address: wire.url, token: admin.token, role, mount, consumers, deadlines }),
    async use(value) {
      const login = { role_id: String(data?.role_id), secret_id: value }
      await admin.ask("POST", `auth/${mount}/login`, login)
    },
    async accepted() {
      const { data: found } = await admin.ask("LIST", `${at}/secret-id`)
      return found?.keys as unknown as readonly string[]
    },
    async idOf(value) {
      const found = await admin.ask("POST", `${at}/secret-id/lookup`, { secret_id: value })
      return String(found.data?.secret_id_accessor)
    },
    close: async () => void (await admin.ask("DELETE", at)),
  }
}

/** Tokens that the stand-in for Tally mints with labels, by a way of its own. @param now the time that answers tell */
export async function mintedTokens(now: () => number): Promise<Far> {
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  const wire = await wireTo(standIn.url(), now)
  const first = `tly-${newCanary().text}`
  standIn.tokens.add(first)
  return {
    first,
    wire,
    plan: mintedTally({ url: wire.url, adminKey: standIn.adminKey, consumers, deadlines }),
    async use(value) {
      const headers = { authorization: `Bearer ${value}`, "user-agent": "a consumer" }
      const answer = await fetch(`${standIn.url("consumer")}/users/me`, { headers })
      await answer.arrayBuffer()
      expect(answer.status).toBe(200)
    },
    accepted: async () => standIn.tokens.valid.map(({ id }) => id),
    idOf: async value => standIn.tokens.idOf(value),
    async close() {
      await wire.proxy.close()
      await standIn.close()
    },
  }
}
