import { SecretError } from "../../src/core/index.ts"
import type { Connection } from "./connection.ts"
import { VaultFailure } from "./failure.ts"
import { fieldsOf } from "./json.ts"
import { encoded } from "./names.ts"

/**
 * Asks the server which version of the key-value engine is at a mount. Everybody may ask who may do anything there
 * (`sys/internal/ui/mounts/<mount>`, which the command line asks, too).
 *
 * @throws SecretError `MISCONFIGURED` if there is no such mount, as far as this identity may see, or another engine;
 * VaultFailure
 */
export async function kvVersionAt({ ask }: Connection, mount: string, signal: AbortSignal): Promise<1 | 2> {
  const { json } = await ask("GET", `sys/internal/ui/mounts/${encoded(mount)}`, signal).catch(hidden)
  const data = fieldsOf(json.data)
  if (data?.type === "generic") return 1
  if (data?.type === "kv") return fieldsOf(data.options)?.version === "2" ? 2 : 1
  throw new SecretError("MISCONFIGURED", {
    message: "the engine at the mount is not the key-value engine",
    hint: "name the mount of a key-value engine; credentials with a lease are read with leases=true",
  })
}

function hidden(thrown: unknown): never {
  if (!(thrown instanceof VaultFailure) || thrown.status !== 403 || thrown.stage !== "call") throw thrown
  throw new SecretError("MISCONFIGURED", {
    message: "there is no such mount, or this identity may do nothing there",
    hint: "see vault secrets list for the mount, or say which version it is: kv=2",
  })
}
