import type { KnownFailure } from "../../src/core/index.ts"

/** That the project, or the location in it, is not there. */
export const NO_PLACE: KnownFailure = {
  code: "MISCONFIGURED",
  message: "the service knows no such project or location",
  hint: "see whether the project and the location of the store are spelled as in the console",
}

/** That the service does not know who asks. */
export const NO_TOKEN: KnownFailure = {
  code: "UNAUTHENTICATED",
  message: "the service does not accept the token, nor the one of a new login",
  hint: "see whether the credentials are revoked or expired, and whether the clock of this machine is right",
}

const SETTING = "this is no answer about the secret, but about the project"

const BORDER: KnownFailure = {
  code: "MISCONFIGURED",
  message: "a policy of the organisation does not let requests through from here",
  hint: "see VPC Service Controls, organisation restrictions and the policies on locations; it is not about this secret",
}

/** Reasons that come with a refusal (google.api.ErrorReason): these are not about the secret that was asked for. */
const REASONS: Readonly<Record<string, KnownFailure>> = {
  SERVICE_DISABLED: {
    code: "MISCONFIGURED",
    message: "the Secret Manager API is not enabled in the project",
    hint: "gcloud services enable secretmanager.googleapis.com, and wait some minutes",
  },
  BILLING_DISABLED: { code: "MISCONFIGURED", message: "the project has no billing account", hint: SETTING },
  CONSUMER_INVALID: NO_PLACE,
  RESOURCE_PROJECT_INVALID: NO_PLACE,
  CONSUMER_SUSPENDED: { code: "MISCONFIGURED", message: "the project is suspended", hint: SETTING },
  USER_PROJECT_DENIED: {
    code: "MISCONFIGURED",
    message: "the project that is to pay for the call does not let this identity use it",
    hint: "grant roles/serviceusage.serviceUsageConsumer there, or set another quota project",
  },
  SECURITY_POLICY_VIOLATED: BORDER,
  ORG_RESTRICTION_VIOLATION: BORDER,
  LOCATION_ORG_POLICY_VIOLATED: BORDER,
  ACCESS_TOKEN_EXPIRED: NO_TOKEN,
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: {
    code: "UNAUTHENTICATED",
    message: "the token does not have the scope of Google Cloud",
    hint: "give the machine or the node pool the scope cloud-platform",
  },
  ACCOUNT_STATE_INVALID: {
    code: "UNAUTHENTICATED",
    message: "the account is disabled or deleted",
    hint: "see the service account in the console",
  },
}

/** A refusal for any other reason than a missing permission withdraws no secret: `GCP_SUSPENDED`, `SERVICE_NOT_VISIBLE`. */
const REFUSED_OTHERWISE: KnownFailure = {
  code: "MISCONFIGURED",
  message: "the service refuses the call for another reason than a missing permission",
  hint: `the audit log of the project tells the reason; ${SETTING}`,
}

/**
 * What a reason means that stands beside the status of a refusal, if it says more than the status does.
 *
 * @param isDenial whether the status is `PERMISSION_DENIED`, by which alone a secret would be withdrawn.
 */
export function refusedFor(reason: string, isDenial: boolean): KnownFailure | undefined {
  if (Object.hasOwn(REASONS, reason)) return REASONS[reason]
  const isAboutPermission = reason === "" || reason === "IAM_PERMISSION_DENIED"
  return isDenial && !isAboutPermission ? REFUSED_OTHERWISE : undefined
}
