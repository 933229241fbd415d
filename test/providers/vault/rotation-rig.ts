import { type VaultKv2Store, vault } from "latchkey/vault"
import { onTestFinished } from "vitest"
import type { RotationJournal } from "../../../src/core/index.ts"
import type { VaultServer } from "../../servers/index.ts"
import { calm } from "../calls.ts"
import { type Admin, adminOf, mountKv, tokenFor, unique } from "./admin.ts"

/** A store on a mount of the test's own, its ledger, and the means of a person who works on the same mount. */
export interface RotationRig {
  readonly store: VaultKv2Store
  readonly ledger: ReturnType<VaultKv2Store["rotation"]>
  readonly journals: NonNullable<ReturnType<VaultKv2Store["rotation"]>["journals"]>
  readonly mount: string
  readonly admin: Admin
  /** Writes the map of a secret, as a person does. */
  put(name: string, data: unknown): Promise<void>
  /** Everything that is kept below a path of the mount, folder by folder. */
  everything(below?: string): Promise<readonly string[]>
}

/** How the mount is, and who the store is. */
export interface RigOptions {
  readonly config?: Readonly<Record<string, unknown>>
  /** What the store's token may do, with `MOUNT` where the mount is to stand. Default: everything. */
  readonly policy?: string
  readonly namespace?: string
  readonly kv?: 1 | 2
}

/** Makes a rig that goes with the test. */
export async function rotationRig(
  server: VaultServer,
  { config, policy, namespace, kv = 2 }: RigOptions = {},
): Promise<RotationRig> {
  const admin = adminOf(server)
  const inNamespace = namespace === undefined ? {} : { namespace }
  const mount = await mountKv(admin, kv, namespace)
  if (config !== undefined) await admin.ask("POST", `${mount}/config`, config, inNamespace)
  const token =
    policy === undefined ? server.rootToken : (await tokenFor(admin, policy.replaceAll("MOUNT", mount))).token
  const auth = { method: "token", token } as const
  const store = vault({ kv: 2, address: server.url, mount, namespace, auth })
  onTestFinished(async () => {
    await store.close()
    await admin.ask("DELETE", `sys/mounts/${mount}`, undefined, inNamespace)
  })
  const ledger = store.rotation()
  const { journals } = ledger
  if (journals === undefined) throw new Error("the ledger keeps no journals")

  async function everything(below = ""): Promise<readonly string[]> {
    const { data } = await admin.ask("LIST", `${mount}/metadata/${below}`, undefined, {
      ...inNamespace,
      fine: [404],
    })
    const found: string[] = []
    for (const entry of (data?.keys ?? []) as readonly string[]) {
      if (entry.endsWith("/")) found.push(...(await everything(below + entry)))
      else found.push(below + entry)
    }
    return found.sort()
  }
  return {
    store,
    ledger,
    journals,
    mount,
    admin,
    put: async (name, data) => void (await admin.ask("POST", `${mount}/data/${name}`, { data }, inNamespace)),
    everything,
  }
}

/** A journal as the claim of a rotation writes it. */
export function journalOf(seq: number, more: Partial<RotationJournal> = {}): RotationJournal {
  return { schema: 1, seq, state: "claimed", owner: unique("owner"), leaseUntil: 1, attempt: 0, ...more }
}

/** What a promotion is asked with, where the journal is nobody's concern. */
export function promotion(
  rotationId: string,
  value: string,
  expectBase?: string,
): Parameters<RotationRig["ledger"]["promote"]>[1] {
  return {
    ...calm,
    rotationId,
    value,
    ...(expectBase !== undefined && { expectBase }),
    journal: ({ version }) => journalOf(9, { state: "promoted", promotedVersion: version }),
  }
}
