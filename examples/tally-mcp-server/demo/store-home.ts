import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type SecretStore, Secrets, type StoreWith } from "latchkey"
import type { Home } from "./home.ts"

/** A service that keeps secrets, and how a program finds it. */
export interface Service {
  /** What it is called, with its version. */
  readonly title: string
  /** The URL that the program is given: all that changes from one service to the other. */
  readonly url: string
  /** What stands in its environment besides, credentials above all. */
  readonly environment: Readonly<Record<string, string>>
  /** Opens it for whoever may write there. */
  owner(): Promise<SecretStore>
  /** Lets go of it. */
  close(): Promise<void>
}

/** How often the replicas ask the service. Short, because the demo is. */
export const SERVICE_TTL = "1s"

/** Keeps the token in a service. It is written there through latchkey, by somebody who stands beside the replicas. */
export async function serviceHome(service: Service, first: string): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-tally-"))
  let secrets: Secrets<StoreWith<"write" | "delete">>
  try {
    secrets = await ownerOf(service)
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true })
    throw thrown
  }
  await secrets.put("tally/api-token", first)
  const { url, environment } = service
  return {
    folder,
    environment: { ...environment, LATCHKEY_STORE: url, SECRETS_TTL: SERVICE_TTL },
    async replace(token) {
      const at = performance.now()
      await secrets.put("tally/api-token", token)
      return at
    },
    async remove() {
      try {
        await secrets.delete("tally/api-token")
      } finally {
        await secrets.close()
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

/** The one who may write. */
async function ownerOf(service: Service): Promise<Secrets<StoreWith<"write" | "delete">>> {
  const secrets = new Secrets(await service.owner())
  if (secrets.supports("write") && secrets.supports("delete")) return secrets
  await secrets.close()
  throw new Error(`${service.title} cannot be written to`)
}
