import { SecretError } from "../../../src/core/index.ts"
import type { Answer } from "../answer.ts"
import type { Call } from "../client.ts"
import { AwsFailure, isNamed } from "../failure.ts"
import { isArn } from "../names.ts"

/** A secret as the service describes it. */
export type Description = Answer<"DescribeSecret">

/** Who rotates a secret: this library, or the service itself by a function that it calls. */
export type RotatedBy = "us" | "the service"

/**
 * What the service says of a secret.
 *
 * @throws SecretError if a rotation of it would go wrong half-way.
 */
export async function fitSecret(
  call: Call,
  name: string,
  by: RotatedBy,
  signal: AbortSignal,
): Promise<Description> {
  if (isArn(name)) {
    throw new SecretError("UNSUPPORTED", {
      message: "a secret that is named by its ARN is not rotated from here",
      hint: "rotate it in its own account, under its name: its journal would be in this account, and whoever rotates it there would not see it",
    })
  }
  const described = await describe(call, name, signal)
  refuseUnfit(name, described, by)
  return described
}

/** The same without any judgement; `undefined` if there is no such secret. */
export async function describe(
  call: Call,
  name: string,
  signal: AbortSignal,
): Promise<Description | undefined> {
  try {
    return await call("DescribeSecret", { SecretId: name }, signal)
  } catch (thrown) {
    if (isNamed(thrown, "ResourceNotFoundException")) return undefined
    throw thrown instanceof AwsFailure ? thrown.withNothingChanged() : thrown
  }
}

/** The labels of a version, as the service tells them; none if it has none, or is not there. */
export function labelsOf({ VersionIdsToStages }: Description, version: string): readonly string[] {
  const labels = VersionIdsToStages?.[version]
  return Array.isArray(labels) ? labels : []
}

/**
 * Refuses a secret of which a rotation would go wrong half-way.
 *
 * @throws SecretError `MISCONFIGURED` or `UNSUPPORTED`, with the way out
 */
export function refuseUnfit(
  name: string,
  described: Description | undefined,
  by: RotatedBy,
): asserts described is Description {
  const refuse = (code: "MISCONFIGURED" | "UNSUPPORTED", message: string, hint: string): SecretError =>
    new SecretError(code, { message, hint })
  const first = `aws secretsmanager put-secret-value --secret-id ${name} gives it one`

  if (described === undefined) throw noSecret(name)
  const { DeletedDate, RotationEnabled, OwningService, PrimaryRegion, ARN, VersionIdsToStages } = described
  if (DeletedDate !== undefined) {
    throw refuse(
      "MISCONFIGURED",
      "the secret was deleted",
      `aws secretsmanager restore-secret --secret-id ${name} brings it back`,
    )
  }
  if (by === "the service" && RotationEnabled !== true) {
    throw refuse(
      "MISCONFIGURED",
      "the service does not rotate this secret, or no longer",
      `aws secretsmanager rotate-secret --secret-id ${name} with the function and its rules begins that`,
    )
  }
  if (by === "us" && RotationEnabled === true) {
    throw refuse(
      "MISCONFIGURED",
      "the service rotates this secret itself, and two rotations would undo each other",
      `aws secretsmanager cancel-rotate-secret --secret-id ${name} ends that; or leave it to the service, with a function of latchkey/aws-rotation`,
    )
  }
  if (typeof OwningService === "string" && OwningService !== "") {
    throw refuse(
      "UNSUPPORTED",
      "the secret is managed by another service of AWS",
      "let that service rotate it",
    )
  }
  if (typeof PrimaryRegion === "string" && PrimaryRegion !== "" && regionOf(ARN) !== PrimaryRegion) {
    throw refuse(
      "UNSUPPORTED",
      "the secret is a replica of one in another region",
      `rotate it in its primary region, ${/^[a-z0-9-]{1,40}$/.test(PrimaryRegion) ? PrimaryRegion : "where it was made"}`,
    )
  }
  const hasValue = Object.values(VersionIdsToStages ?? {}).some(labels => labels.includes("AWSCURRENT"))
  // The first version of a secret becomes the current one whatever label it is given ("PutSecretValue").
  if (!hasValue)
    throw refuse("MISCONFIGURED", "the secret has no value yet: a candidate would be live at once", first)
}

/** Of a secret that is not there nobody can say where it is, nor keep a candidate beside it. */
export function noSecret(name: string): SecretError {
  return new SecretError("MISCONFIGURED", {
    message: "there is no such secret, and a candidate is parked beside a value that is in use",
    hint: `aws secretsmanager create-secret --name ${name} makes it; see the region and the prefix, too`,
  })
}

function regionOf(arn: string | undefined): string | undefined {
  return arn?.split(":")[3]
}
