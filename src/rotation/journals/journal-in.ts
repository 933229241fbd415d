import { createHash } from "node:crypto"
import { type JournalKeeper, misconfigured, type SecretStore } from "../../core/index.ts"
import { untilLeft } from "./left.ts"
import { placeOf, type RotatedStore, refuseNoStore } from "./place.ts"

/** What is set about the journals in another store. */
export interface JournalInOptions {
  /** The store whose secrets are rotated. */
  readonly of: RotatedStore
}

/** The segment under which the names of journals of other stores stand. */
const SEGMENT = "rotation-journals"

/** How much of where a secret is stands in the name of its journal, for people who look for it. */
const READABLE = 48

/**
 * Keeps the journals of one store's secrets in another store, which has compare-and-set: those of a vault of Azure in
 * HashiCorp Vault or Secrets Manager, for example.
 *
 * Each journal is kept as that of a secret of its own in the other store, `rotation-journals/azure-my-vault-tally-api-token-…`,
 * as that store keeps journals; nothing is ever written to that secret itself. Its name is made of where the rotated secret
 * is, and ends with a hash of it. So the same secret has one journal, whichever prefix or renaming a program has, and no
 * two secrets share one.
 *
 * ```ts
 * new Rotator({ store: azureStore, journals: journalIn(vaultStore, { of: azureStore }), rotations })
 * ```
 *
 * @param store where journals are kept.
 * @throws SecretError `MISCONFIGURED` for a store that keeps no journals; what `rotation()` of it throws
 */
export function journalIn(store: SecretStore, { of }: JournalInOptions): JournalKeeper {
  refuseNoStore(of)
  const journals = store.rotation?.().journals
  if (journals === undefined) {
    throw misconfigured(
      "the store in which journals are to be kept has no compare-and-set",
      "choose another one: vault, aws, gcp, dotenv, or a table of PostgreSQL with sqlJournal()",
    )
  }
  return Object.freeze<JournalKeeper>({
    location: journals.location,
    load: async (name, options) => await journals.load(nameFor(await placeOf(of, name, options)), options),
    save: async (name, journal, options) =>
      await untilLeft(options.signal, { secret: name, store: journals.location }, async () => {
        await journals.save(nameFor(await placeOf(of, name, options)), journal, options)
      }),
  })
}

/** The portable name of the journal of a secret: every store holds it. */
function nameFor(place: string): string {
  const words = place.toLowerCase().match(/[a-z0-9]+/g) ?? []
  const readable = words.join("-").slice(0, READABLE).replace(/-$/, "")
  // With a letter before each part, which may begin with a digit.
  const hash = createHash("sha256").update(place).digest("hex").slice(0, 24)
  return `${SEGMENT}/of-${readable}-h${hash}`
}
