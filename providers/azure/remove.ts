import type { KeyVaultAnswer } from "./client-types.ts"
import type { Connection } from "./connection.ts"
import { KeyVaultFailure } from "./failure.ts"
import { fieldsOf } from "./foreign.ts"
import type { InTurn } from "./one-at-a-time.ts"

/**
 * Deletes a secret softly, in its turn.
 *
 * @throws KeyVaultFailure also for an answer that confirms no deletion
 */
export async function removeSecret(
  connection: Connection,
  inTurn: InTurn,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await inTurn(name, signal, () =>
    connection.call(signal, async (client, call) => {
      let said: boolean | undefined
      const onResponse: typeof call.onResponse = answer => {
        said = said || isDeleted(name, answer)
        call.onResponse?.(answer)
      }
      try {
        await client.beginDeleteSecret(name, { ...call, onResponse })
      } catch (thrown) {
        // The SDK asks at once how far the deletion has come. Once it is accepted, reads no longer find the secret.
        if (!said) throw thrown
      }
      if (said === false) throw new KeyVaultFailure({ mishap: "unreadable" })
    }),
  )
}

/** Whether an answer says that the secret of this name is deleted: what a proxy answers with status 200 does not. */
function isDeleted(name: string, { status, parsedBody }: KeyVaultAnswer): boolean {
  const { id } = fieldsOf(parsedBody)
  const [, named] = /\/secrets\/([^/]+)/.exec(String(id)) ?? []
  return status === 200 && named?.toLowerCase() === name
}
