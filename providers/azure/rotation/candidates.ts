import { type NativeLedger, pause, systemClock } from "../../../src/core/index.ts"
import type { KeyVaultProperties } from "../client-types.ts"
import { beforehand } from "../failure.ts"
import { removeSecret } from "../remove.ts"
import { candidatesOf, read, written } from "./references.ts"
import {
  ifThere,
  isConflict,
  isDisabled,
  isMissing,
  type LedgerContext,
  textOf,
  type VaultSecrets,
} from "./secrets.ts"
import { OF } from "./tags.ts"

type Operations = Pick<NativeLedger, "park" | "kept" | "discard">

/** How long to wait before each further look whether a deletion is through, in milliseconds: some seconds, as recorded. */
const PAUSES: readonly number[] = [0, 200, 500, 1_000, 2_000, 2_000, 2_000]

/**
 * Candidates in a second secret, one per rotation: its name has the id of the rotation in it, because that of a deleted
 * secret stays taken.
 *
 * Nobody can be elected in a vault: nothing is written under a condition. So each who parks writes a version, and the
 * reference names just that one, which nothing ever writes over. The journal, which is somewhere else and is written by
 * compare-and-set, elects the candidate by naming it.
 */
export function vaultCandidates(context: LedgerContext, secrets: VaultSecrets): Operations {
  /** The versions that have not been discarded, oldest first; of those of one second the same one first every time. */
  const standing = async (name: string, signal: AbortSignal): Promise<readonly string[]> => {
    const enabled = (await secrets.versions(name, signal)).filter(({ enabled }) => enabled !== false)
    return enabled.sort(older).flatMap(({ version }) => version ?? [])
  }

  /** The value of a version, unless it was discarded: switched off, or deleted with its secret. */
  const valueAt = async (name: string, version: string, signal: AbortSignal): Promise<string | undefined> => {
    try {
      return (await secrets.read(name, signal, version))?.value
    } catch (thrown) {
      if (isDisabled(thrown)) return undefined
      throw thrown
    }
  }

  return {
    async park(name, { rotationId, value, signal }) {
      const own = await candidatesOf(name, rotationId)
      const version = await secrets.writeAnyhow(own, textOf(value), { tags: { [OF]: name } }, signal)
      return { reference: written({ name: own, version }), mine: true }
    },

    async kept(name, { rotationId, reference, signal }) {
      if (reference !== undefined) {
        const place = read(name, reference)
        const { name: of, version } = place
        // A former version of the secret that somebody has switched off is not gone.
        const value =
          of === name ? (await secrets.read(of, signal, version))?.value : await valueAt(of, version, signal)
        return value === undefined ? undefined : { reference, value }
      }
      const own = await candidatesOf(name, rotationId)
      for (const version of await standing(own, signal)) {
        const value = await valueAt(own, version, signal)
        if (value !== undefined) return { reference: written({ name: own, version }), value }
      }
      return undefined
    },

    async discard(name, { rotationId, reference, signal }) {
      const own = await candidatesOf(name, rotationId)
      const named = reference === undefined ? undefined : read(name, reference)
      if (named?.name === own) {
        // Beside another one of the same rotation it is that of a loser, who must not take the winner's along.
        const all = await beforehand(standing(own, signal))
        const others = all.filter(version => version !== named.version)
        if (others.length > 0) return await secrets.disable(own, named.version, signal)
      }
      const isRemoved = await removed(own, signal)
      await purged(own, isRemoved, signal)
    },
  }

  /** Deletes a secret; tells whether it was there. */
  async function removed(name: string, signal: AbortSignal): Promise<boolean> {
    const done = async (): Promise<true> => {
      await removeSecret(context.connection, context.inTurn, name, signal)
      return true
    }
    return (await ifThere(done())) ?? false
  }

  /**
   * Removes a deleted secret for good, if that is permitted. Where it is not, or takes too long, the vault does so at the
   * end of its retention; until then nobody reads it without recovering it first.
   */
  async function purged(name: string, isRemoved: boolean, signal: AbortSignal): Promise<void> {
    for (const milliseconds of isRemoved ? PAUSES : [0]) {
      if (milliseconds > 0) await pause(systemClock, milliseconds, signal)
      try {
        if (!(await secrets.isDeleted(name, signal))) continue
        return await secrets.purge(name, signal)
      } catch (thrown) {
        if (signal.aborted) throw thrown
        // Not through yet. Otherwise it is refused, or something is wrong: what was promised is done, it is deleted.
        if (!isMissing(thrown) && !isConflict(thrown)) return
      }
    }
  }
}

function older(one: KeyVaultProperties, other: KeyVaultProperties): number {
  const earlier = (one.createdOn?.getTime() ?? 0) - (other.createdOn?.getTime() ?? 0)
  return earlier || ((one.version ?? "") < (other.version ?? "") ? -1 : 1)
}
