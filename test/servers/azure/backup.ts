import { randomBytes } from "node:crypto"
import { badParameter } from "./answers.ts"
import type { SecretState } from "./secret.ts"

const FORMAT = "key-vault-stand-in-backup"

/**
 * A backup of a secret with all versions. The service encrypts it, so that only a vault can read it; here it is plain,
 * filled up to about the size of a real one.
 */
export function backupOf(secret: SecretState): string {
  const filling = randomBytes(1850).toString("base64url")
  return Buffer.from(JSON.stringify({ format: FORMAT, secret, filling })).toString("base64url")
}

/** @throws Refusal 400 for what is no backup. */
export function restoredFrom(backup: string): SecretState {
  try {
    const read = JSON.parse(Buffer.from(backup, "base64url").toString()) as Record<string, unknown>
    if (read.format === FORMAT) return read.secret as SecretState
  } catch {
    // What is no JSON is refused like JSON that is no backup.
  }
  throw badParameter("Backup blob is malformed")
}
