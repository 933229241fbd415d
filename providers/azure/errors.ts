import {
  type ErrorTable,
  type KnownFailure,
  type NetworkHints,
  networkFailure,
} from "../../src/core/index.ts"
import { type FailureFields, KeyVaultFailure, type Mishap } from "./failure.ts"
import { LoginFailure, type LoginTrouble } from "./login-failure.ts"

/** What an identity needs for an operation: a permission of an access policy, or a role. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  read: 'the permission "get", or the role Key Vault Secrets User',
  ping: 'the permission "get", or the role Key Vault Secrets User',
  list: 'the permission "list", or the role Key Vault Secrets User',
  versions: 'the permissions "get" and "list", or the role Key Vault Secrets User',
  write: 'the permission "set", or the role Key Vault Secrets Officer',
  delete: 'the permission "delete", or the role Key Vault Secrets Officer',
  "rotation.check": 'the permissions "get" and "list", or the role Key Vault Secrets Officer',
  "rotation.park": 'the permission "set", or the role Key Vault Secrets Officer',
  "rotation.kept": 'the permissions "get" and "list", or the role Key Vault Secrets Officer',
  "rotation.discard": 'the permissions "delete", "list" and "set", or the role Key Vault Secrets Officer',
  "rotation.promote": 'the permissions "get", "list" and "set", or the role Key Vault Secrets Officer',
  "rotation.since": 'the permissions "get" and "list", or the role Key Vault Secrets Officer',
}

/** The operations that store a value. */
const STORING: ReadonlySet<string> = new Set(["write", "rotation.park", "rotation.promote"])

/** A way into the vault that is closed is not about this secret: what is held is not withdrawn for it. */
const CLOSED_WAY: KnownFailure = {
  code: "UNAVAILABLE",
  transient: false,
  // The vault has looked at where the call came from, and at nothing else of it.
  notSent: true,
  message: "the vault does not let this network in",
  hint: "see its networking: let this address in, or go through its private endpoint",
}

/** The name in the vault is put into it. */
const NOTHING: KnownFailure = {
  code: "NOT_FOUND",
  hint: "if it was deleted it can be had back: az keyvault secret recover",
}

/** The hint is made of {@link PERMISSIONS}. */
const DENIED: KnownFailure = { code: "DENIED" }

/**
 * From answers in the form of the service: status, code, inner code ("Azure Key Vault REST API error codes"; those of
 * missing, disabled and deleted secrets and of denials as the service answered them). What ends a secret that is held
 * stands here word by word: it is never concluded from a status.
 */
const ANSWERS: Readonly<Record<string, KnownFailure>> = {
  "403 Forbidden SecretDisabled": {
    code: "DISABLED",
    hint: "az keyvault secret set-attributes --enabled true, or write a new version",
  },
  // By an access policy; the second is how the service called it before.
  "403 Forbidden AccessDenied": DENIED,
  "403 Forbidden ForbiddenByPolicy": DENIED,
  "403 Forbidden ForbiddenByRbac": DENIED,
  "403 Forbidden ForbiddenByFirewall": CLOSED_WAY,
  "403 Forbidden ForbiddenByConnection": CLOSED_WAY,
  "404 SecretNotFound": NOTHING,
  "409 Conflict ObjectIsDeletedButRecoverable": {
    code: "CONFLICT",
    message: "the secret is deleted, and its name stays taken until it is purged",
    hint: "az keyvault secret recover, or purge",
  },
  "409 Conflict ObjectIsBeingDeleted": {
    code: "CONFLICT",
    message: "the secret is being deleted",
    hint: "wait some seconds, then: az keyvault secret recover, or purge",
  },
  "409 Conflict ObjectIsBeingRecovered": {
    code: "CONFLICT",
    transient: true,
    message: "the secret is being recovered",
    hint: "try again in some seconds",
  },
}

/** From the numbers with which the texts of 401 begin. */
const NUMBERS: Readonly<Record<string, KnownFailure>> = {
  10032: {
    code: "UNAUTHENTICATED",
    message: "the login is in another tenant than the vault",
    hint: "log in to the tenant of the vault: AZURE_TENANT_ID, or az login --tenant",
  },
}

/** The vault is switched off, or refuses in a way that is new, or it is a gateway with codes of its own. */
const REFUSED: KnownFailure = {
  code: "UNAVAILABLE",
  transient: false,
  message: "it was refused for a reason that is none of those about a secret",
  hint: "see what answers in the place of the vault, and whether the vault is in order",
}

/** From statuses, of answers in the form of the service, whatever code they have. */
const STATUSES: Readonly<Record<number, KnownFailure>> = {
  401: {
    code: "UNAUTHENTICATED",
    message: "the vault does not accept the token",
    hint: "log in anew; the clock of this machine may be wrong",
  },
  403: REFUSED,
  404: REFUSED,
  // A change of the same secret that somebody else was just making. It was refused, so it may be tried again.
  409: {
    code: "CONFLICT",
    transient: true,
    message: "somebody else was changing it at that moment",
    hint: "try again",
  },
  429: {
    code: "THROTTLED",
    hint: "a vault takes 4,000 reads in ten seconds, from all its clients: choose a longer ttl",
  },
}

/** 400, which is about the value where there is one, and else about the version of the interface. */
const NOT_UNDERSTOOD: KnownFailure = {
  code: "MISCONFIGURED",
  message: "what answers does not understand the request",
  hint: 'an emulator may need an older version: service-version=7.6 in the URL (serviceVersion: "7.6" in code)',
}
const REFUSED_VALUE: KnownFailure = {
  code: "INVALID_VALUE",
  message: "the vault does not take this value",
  hint: "it holds text of at most 25,600 characters, and perhaps of no more bytes than that",
}

const NETWORK: NetworkHints = {
  host: "see whether the vault is called this: one that does not exist, or was deleted, has no address",
  address: "see the host, the port and HTTPS_PROXY",
  certificate:
    "name the authority that signed it, an inspecting proxy's for example: ca= in the URL (ca in code), or NODE_EXTRA_CA_CERTS",
  tls: "see the host and the port: a vault speaks nothing but TLS",
}

const LOST: KnownFailure = { code: "UNAVAILABLE", hint: "see whether the vault can be reached from here" }

const MISHAPS: Readonly<Record<Mishap, KnownFailure>> = {
  unreadable: {
    code: "UNAVAILABLE",
    message: "the answer is none of Key Vault, or not whole",
    hint: "see what stands between here and the vault: a proxy, or a login page",
  },
  "foreign challenge": {
    code: "UNAVAILABLE",
    transient: false,
    notSent: true,
    message: "what answers asks for a token that is not for this vault, and got none",
    hint: "see the host; for an emulator write disable-challenge-resource-verification=true in the URL (disableChallengeResourceVerification: true in code)",
  },
  "leads elsewhere": {
    code: "UNAVAILABLE",
    transient: false,
    message: "the answer leads elsewhere, and was not followed",
    hint: "see what answers in the place of the vault",
  },
}

const LOGINS: Readonly<Record<LoginTrouble, KnownFailure>> = {
  refused: {
    code: "UNAUTHENTICATED",
    message: "no credential gave a token",
    hint: "a managed identity, AZURE_CLIENT_ID and its like, az login, or in code the option credential",
  },
  throttled: { code: "THROTTLED", message: "the login service asks to slow down" },
  unreachable: {
    code: "UNAVAILABLE",
    notSent: true,
    message: "the login service does not answer, or is not in order",
    hint: "see whether login.microsoftonline.com, or that of your cloud, can be reached from here",
  },
}

/** The table of Key Vault's errors. */
export const azureErrors: ErrorTable = (thrown, operation, native) => {
  if (thrown instanceof LoginFailure) return ofLogin(thrown)
  if (!(thrown instanceof KeyVaultFailure)) return undefined
  const { requestId, retryAfterMs, before } = thrown.fields
  const row = ofAnswer(thrown.fields, operation)
  const known = row === NOTHING && native !== undefined ? nothingCalled(native) : row
  return { ...known, ...(before && { notSent: true }), requestId, retryAfterMs }
}

function ofLogin({ trouble, number }: LoginFailure): KnownFailure {
  const known = LOGINS[trouble]
  if (number === undefined) return known
  const message = trouble === "refused" ? "the login was refused" : known.message
  return { ...known, message: `${message} (AADSTS${number})` }
}

function ofAnswer(fields: FailureFields, operation: string): KnownFailure {
  const { status, code, inner = "", number = "", mishap } = fields
  if (mishap !== undefined) return MISHAPS[mishap]
  if (status === undefined) return networkFailure(code, NETWORK) ?? LOST
  if (status < 400) return MISHAPS["leads elsewhere"]
  if (status >= 500) return LOST
  // Without a code it is not the vault that answered: a proxy's 404 must not take a secret away.
  if (code === undefined) return status === 429 ? (STATUSES[429] ?? LOST) : MISHAPS.unreadable
  const answer = [status, code, inner].filter(word => word !== "").join(" ")
  const known = ANSWERS[answer] ?? NUMBERS[number] ?? STATUSES[status]
  if (known === DENIED) return { ...known, hint: deniedHint(operation) }
  if (known !== undefined) return known
  if (status === 400 || status === 413) return STORING.has(operation) ? REFUSED_VALUE : NOT_UNDERSTOOD
  return { ...LOST, transient: false }
}

/** What to say of a secret that is not there: what it is called in the vault, and how it comes there. */
function nothingCalled(native: string): KnownFailure {
  const name = `--name ${native}`
  return {
    code: "NOT_FOUND",
    message: `the vault has no secret ${native}, or no such version of it`,
    hint: `az keyvault secret set ${name} writes it; if it was deleted: az keyvault secret recover ${name}`,
  }
}

function deniedHint(operation: string): string {
  return `it needs ${PERMISSIONS[operation]}; a new role takes some minutes to be known`
}
