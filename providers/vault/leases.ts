import {
  type CallOptions,
  elapsed,
  type Instant,
  instant,
  type StoreCapabilities,
  type StoredSecret,
  versionMaker,
} from "../../src/core/index.ts"
import type { Answer } from "./client.ts"
import type { AskServer, Connection } from "./connection.ts"
import { VaultFailure } from "./failure.ts"
import { fieldsOf, numberOf, textOf } from "./json.ts"
import { encoded } from "./names.ts"
import type { Holder } from "./session.ts"
import { valueIn } from "./value.ts"

/** The operations of engines that make credentials: they can be read, and nothing else. */
export interface Leases {
  readonly capabilities: StoreCapabilities
  read(name: string, options: CallOptions): Promise<StoredSecret>
}

/** Credentials that the server made, and how long they live. */
interface Leased {
  readonly stored: Pick<StoredSecret, "value" | "version">
  readonly id: string
  /** The login that they were made with, and with whose token they die. */
  readonly login: number
  /** Before they were asked for: they may have been made at once. */
  readonly since: Instant
  /** Milliseconds. */
  readonly duration: number
  readonly renewable: boolean
}

/**
 * Credentials that are made when they are read ("Lease, renew, and revoke"). Every reading makes new ones on the far side,
 * a user in a database for example; so what was read is kept here, and a further reading asks the server whether its lease
 * still lives. It is prolonged, or read again, when two thirds of the lease are over, and read again when it was revoked and
 * after a new login, because credentials die with the token that they were made with. A reading goes on when nobody waits
 * for it any more, and what it has made is there for the next.
 */
export function leases({ withLogin, giveBack, works, clock }: Connection, mount: string): Leases {
  const kept = new Map<string, Leased>()
  const together = works.together<StoredSecret>("call")
  const versionOf = versionMaker()

  const age = ({ since }: Leased): number => elapsed(since, instant(clock))
  const shown = ({ stored, since, duration }: Leased, { end }: Holder): StoredSecret => ({
    ...stored,
    expiresAt: new Date(Math.min(since.wall + duration, end)),
  })

  async function read(
    name: string,
    ask: AskServer,
    holder: Holder,
    signal: AbortSignal,
  ): Promise<StoredSecret> {
    const known = kept.get(name)
    if (known?.login === holder.login) {
      const isDue = age(known) >= (known.duration * 2) / 3
      const still = isDue ? await renew(known, ask, signal) : await lookUp(known, ask, signal)
      if (still !== undefined) {
        kept.set(name, still)
        return shown(still, holder)
      }
    }
    const since = instant(clock)
    const answer = await ask("GET", `${encoded(mount)}/${encoded(name)}`, signal)
    const id = textOf(answer.json.lease_id) ?? ""
    if (id === "") {
      kept.delete(name)
      return unleased(name, answer, since)
    }
    const made = {
      stored: {
        value: valueIn(answer.text, json => json.data),
        // The last part is the server's own mark; the rest is the name.
        version: id.slice(id.lastIndexOf("/") + 1),
      },
      id,
      login: holder.login,
      since,
      duration: durationOf(answer),
      renewable: answer.json.renewable === true,
    }
    const other = kept.get(name)
    // Whoever came later, because this reading took too long, was faster.
    const isLate = other !== known && other?.login === holder.login
    if (isLate || works.closing.aborted) await giveBack(holder, "sys/leases/revoke", { lease_id: id })
    if (isLate) return shown(other, holder)
    kept.set(name, made)
    return shown(made, holder)
  }

  /** The same credentials, or nothing where they were revoked. */
  async function lookUp(known: Leased, ask: AskServer, signal: AbortSignal): Promise<Leased | undefined> {
    try {
      await ask("POST", "sys/leases/lookup", signal, { lease_id: known.id })
    } catch (thrown) {
      if (isRefusal(thrown, 400)) return undefined
      if (!isRefusal(thrown, 403)) throw thrown
      // Not every policy lets it be asked. That the token lives is then as much as can be known: a dead one fails here.
      await ask("GET", "auth/token/lookup-self", signal)
    }
    return known
  }

  /** The same credentials for longer, or nothing where the server does not prolong them any more. */
  async function renew(known: Leased, ask: AskServer, signal: AbortSignal): Promise<Leased | undefined> {
    if (!known.renewable || age(known) >= known.duration) return undefined
    const since = instant(clock)
    try {
      const answer = await ask("POST", "sys/leases/renew", signal, { lease_id: known.id })
      const duration = durationOf(answer)
      // Near the longest time that they may have they are prolonged by less and less.
      if (duration <= known.duration / 2) return undefined
      return { ...known, since, duration }
    } catch (thrown) {
      // Over, or not permitted; if it is the token that is dead, reading again will tell.
      if (isRefusal(thrown, 400) || isRefusal(thrown, 403)) return undefined
      throw thrown
    }
  }

  /** Credentials that somebody rotates, with no lease: what is left of their time counts down in `ttl`, and is no change. */
  function unleased(name: string, { json, text }: Answer, since: Instant): StoredSecret {
    const ttl = numberOf(fieldsOf(json.data)?.ttl)
    const value = valueIn(text, answer => {
      const { ttl: counting, ...rest } = fieldsOf(answer.data) ?? {}
      return ttl === undefined ? answer.data : rest
    })
    const version = versionOf(name, value)
    return { value, version, ...(ttl !== undefined && { expiresAt: new Date(since.wall + 1_000 * ttl) }) }
  }

  return {
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: false,
      batchSize: 1,
      binary: false,
      expiry: false,
      softDelete: false,
      local: false,
    },
    async read(name, { signal }) {
      const reading = (own: AbortSignal): Promise<StoredSecret> =>
        withLogin((ask, holder) => read(name, ask, holder, own), own)
      return await together(name, reading, signal)
    },
  }
}

function isRefusal(thrown: unknown, status: number): boolean {
  return thrown instanceof VaultFailure && thrown.status === status && thrown.reason !== "odd-answer"
}

/** How long the credentials live from now on, in milliseconds. */
function durationOf({ json }: Answer): number {
  return 1_000 * (numberOf(json.lease_duration) ?? 0)
}
