import { misconfigured } from "../../../src/core/index.ts"
import type { Calls } from "./calls.ts"
import { journalIn } from "./journal.ts"
import { notesIn } from "./notes.ts"
import { leavesRoom, sheetOf, tooManyAnnotations } from "./secret-changes.ts"

/** The secret type whose versions Google writes itself: "managed rotation feature for Cloud SQL" (resources.proto). */
const MANAGED: ReadonlySet<unknown> = new Set(["CLOUD_SQL_DB_CREDENTIALS", 1])

/**
 * Refuses what would go wrong half-way. A secret that is missing is made by its rotation.
 *
 * @throws SecretError `MISCONFIGURED`; what a garbled journal is refused with; `DENIED` where it may not even be looked at
 */
export async function refuseUnrotatable(
  id: string,
  alias: string | undefined,
  calls: Calls,
  signal: AbortSignal,
): Promise<void> {
  const secret = await calls.secret(id, signal)
  if (secret === undefined) return
  const sheet = sheetOf(secret)
  if (MANAGED.has(secret.secretType)) {
    throw misconfigured(
      "the service rotates this secret itself: it is one of Cloud SQL's",
      "leave it to the service, or rotate a secret of your own",
    )
  }
  journalIn(sheet)
  notesIn(sheet.annotations)
  if (!leavesRoom(sheet.annotations)) throw tooManyAnnotations()
  if (alias === undefined || sheet.aliases[alias] !== undefined) return
  // A first version under an alias that nobody reads would cut off all who read another one.
  if ((await calls.read({ id, version: "1" }, signal)).is !== "absent") {
    throw misconfigured(
      "the secret has versions, and no alias of the name that the store reads",
      "see the store's option version; gcloud secrets update --update-version-aliases sets an alias",
    )
  }
}
