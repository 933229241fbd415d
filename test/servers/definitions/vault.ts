import { join } from "node:path"
import { goInstallation, type Installation } from "../install/index.ts"
import { waitFor } from "../system/wait.ts"
import type { VaultServer } from "../types.ts"
import type { Definition } from "./definition.ts"
import { ask, text } from "./http.ts"

/** Vault and OpenBao have the same API, and the programs around their cores the same arguments. */
function definition<Name extends "vault" | "openbao">(
  name: Name,
  installation: Installation,
): Definition<Name> {
  const server = (fields: Omit<VaultServer, "name">): VaultServer => ({ name, ...fields })
  return {
    name,
    version: installation.version,
    installation,
    docker: {
      port: 8200,
      // The token is the one that docker-compose.test.yml gives to the server.
      server: (host, port) =>
        server({
          version: "unknown",
          url: `http://${host}:${port}`,
          rootToken: "latchkey-root",
          unsealKey: undefined,
        }),
    },
    launch: ({ installed, port }) => ({
      command: join(installed, name),
      args: ["-listen", `127.0.0.1:${port}`],
      printsReady: true,
      server: ready => server(fromReady(ready)),
    }),
    async health({ url }) {
      const answer = await ask(`${url}/v1/sys/health`)
      return answer?.status === 200 ? { version: text(answer.body, "version") } : undefined
    },
    prepare: mountSecret,
  }
}

/** HashiCorp Vault. */
export const vault: Definition<"vault"> = definition(
  "vault",
  goInstallation({ name: "vault", version: "1.21.2", main: "." }),
)

/** OpenBao. */
export const openbao: Definition<"openbao"> = definition(
  "openbao",
  goInstallation({
    name: "openbao",
    version: "2.4.0",
    main: ".",
    link: "-X github.com/openbao/openbao/version.fullVersion=2.4.0",
  }),
)

/** What the program says when it is ready. */
export function fromReady(
  ready: Readonly<Record<string, unknown>>,
): Omit<VaultServer, "name"> & { unsealKey: string } {
  return {
    version: text(ready, "version") ?? "unknown",
    url: text(ready, "url") ?? "",
    rootToken: text(ready, "rootToken") ?? "",
    unsealKey: text(ready, "unsealKey") ?? "",
  }
}

/** A server, and who signed its certificate if that is nobody whom everybody trusts. */
export interface Reached extends Pick<VaultServer, "url" | "rootToken"> {
  readonly ca?: string | undefined
}

/** A new core has no secrets engine: mounts version 2 of KV at `secret/`, and waits until it answers. */
export async function mountSecret({ url, rootToken, ca }: Reached): Promise<void> {
  const headers = { "X-Vault-Token": rootToken }
  const mount = `${url}/v1/sys/mounts/secret`
  const there = await ask(mount, { headers, ca })
  if (there?.status !== 200) {
    const body = { type: "kv", options: { version: "2" } }
    const answer = await ask(mount, { method: "POST", headers, body, ca })
    if (answer?.status !== 204)
      throw new Error(`mounting KV was answered with ${answer?.status ?? "nothing"}`)
  }
  await untilKvAnswers({ url, rootToken, ca })
}

/** The upgrade of a new mount, and of one that was just unsealed, takes about a second, in which it refuses. */
export async function untilKvAnswers({ url, rootToken, ca }: Reached): Promise<void> {
  const headers = { "X-Vault-Token": rootToken }
  const answers = await waitFor(
    async () => ((await ask(`${url}/v1/secret/config`, { headers, ca }))?.status === 200 ? true : undefined),
    { atMost: 60_000 },
  )
  if (answers === undefined) throw new Error("KV is mounted and does not answer")
}
