import type { Permission } from "../../../src/core/index.ts"
import type { Action } from "../actions.ts"
import { isArn } from "../names.ts"
import type { NewSecret } from "../write.ts"
import { patternOfJournal } from "./names.ts"

const OF_SECRET: readonly (readonly [Action, string])[] = [
  ["DescribeSecret", "to see whether the service rotates it itself, and which version has which label"],
  ["GetSecretValue", "to read the current value, the candidate and the value before"],
  ["PutSecretValue", "to park the candidate"],
  ["UpdateSecretVersionStage", "to promote it, and to take its label off"],
]

const OF_JOURNAL: readonly (readonly [Action | "TagResource", string])[] = [
  ["GetSecretValue", "to read the journal"],
  ["CreateSecret", "to begin the journal"],
  ["PutSecretValue", "to write the journal"],
]

/** What the rotation of a secret needs, in the form in which IAM takes it. */
export function permissionsOf(
  name: string,
  region: string | undefined,
  { Tags, KmsKeyId }: NewSecret,
): readonly Permission[] {
  const [partition, place] = [partitionOf(region), region ?? "*"]
  const secrets = `arn:${partition}:secretsmanager:${place}:*:secret:`
  // The service puts six characters behind a name.
  const secret = isArn(name) ? name : `${secrets}${name}-??????`
  const journal = `${secrets}${patternOfJournal(isArn(name) ? "*" : name)}-??????`
  const tagged = Tags !== undefined && Tags.length > 0
  const ofJournal = tagged
    ? [...OF_JOURNAL, ["TagResource", "to tag the journal when it is made"] as const]
    : OF_JOURNAL
  return [
    ...OF_SECRET.map(([action, why]) => ({ action: `secretsmanager:${action}`, on: secret, why })),
    ...ofJournal.map(([action, why]) => ({ action: `secretsmanager:${action}`, on: journal, why })),
    ...(KmsKeyId === undefined
      ? []
      : ["kms:Decrypt", "kms:GenerateDataKey"].map(action => ({
          action,
          on: keyArn(KmsKeyId, `arn:${partition}:kms:${place}:*:`),
          why: "to use the key that encrypts them",
        }))),
  ]
}

/** Policies name no aliases: which key one stands for only the account knows. */
function keyArn(key: string, keys: string): string {
  if (key.startsWith("arn:") && !key.includes(":alias/")) return key
  return `${keys}key/${key.includes("alias/") ? "*" : key}`
}

/** The first part of ARNs ("Amazon Resource Names" in the IAM User Guide). */
function partitionOf(region: string | undefined): string {
  if (region?.startsWith("cn-")) return "aws-cn"
  return region?.startsWith("us-gov-") ? "aws-us-gov" : "aws"
}
