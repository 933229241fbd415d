import { LEDGER_NAMES, misconfigured, type NativeLedger, type Permission } from "../../../src/core/index.ts"
import type { Place } from "../places.ts"
import { vaultCandidates } from "./candidates.ts"
import { vaultPromotion } from "./promotion.ts"
import { type LedgerContext, VaultSecrets } from "./secrets.ts"
import { foreignTags, MOST_TAGS, OWN_TAGS } from "./tags.ts"

/**
 * What Key Vault does for rotation. It has no compare-and-set of any kind, so that it keeps no journals: the Rotator must
 * be given another place for them.
 */
export function azureLedger(context: LedgerContext): NativeLedger {
  const secrets = new VaultSecrets(context)
  return {
    promotion: "detected",
    check: async (name, { signal }) => await refuseUnrotatable(name, secrets, signal),
    permissions: name => rotationPermissions(name, context.place),
    ...vaultCandidates(context, secrets),
    ...vaultPromotion(context, secrets),
  }
}

/**
 * Refuses what would go wrong half-way. A secret that is missing is made by its rotation.
 *
 * @throws SecretError `MISCONFIGURED`; `DISABLED`, `DENIED` as reading and listing it are answered
 */
async function refuseUnrotatable(name: string, secrets: VaultSecrets, signal: AbortSignal): Promise<void> {
  const current = await secrets.read(name, signal)
  if (current === undefined) {
    if (!(await secrets.isDeleted(name, signal))) return
    throw misconfigured(
      "the secret is deleted, and its name stays taken until it is purged",
      "az keyvault secret recover, or purge",
    )
  }
  const { managed, tags } = current.properties
  if (managed === true) {
    throw misconfigured(
      "the secret belongs to a certificate, and is written through that alone",
      "rotate the certificate: Key Vault renews it by its policy",
    )
  }
  if (foreignTags(tags) + OWN_TAGS > MOST_TAGS) {
    throw misconfigured(
      `the secret has more than ${MOST_TAGS - OWN_TAGS} tags, and no room for ours`,
      "a version holds 15 tags, of which a rotation needs two",
    )
  }
  await secrets.versions(name, signal)
}

/** What a rotation of a secret needs to be allowed, as roles call it. */
function rotationPermissions(name: string, { url }: Place): readonly Permission[] {
  const secret = `${url}/secrets/${name}`
  const own = `${url}/secrets/${LEDGER_NAMES}*`
  const on = (action: string, place: string, why: string): Permission => ({
    action: `Microsoft.KeyVault/vaults/secrets/${action}`,
    on: place,
    why,
  })
  return [
    on("getSecret/action", secret, "to read the secret"),
    on("readMetadata/action", secret, "to see whether somebody else has written a version"),
    on("setSecret/action", secret, "to give the secret its new value"),
    on("getSecret/action", own, "to read a candidate"),
    on("readMetadata/action", own, "to find a candidate of which nothing was written down yet"),
    on("setSecret/action", own, "to keep a candidate"),
    on("delete", own, "to remove a candidate"),
    on(
      "purge/action",
      own,
      "to remove it for good at once; without, the vault does so at the end of its retention",
    ),
  ]
}
