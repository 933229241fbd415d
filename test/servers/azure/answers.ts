/** What the stand-in answers with. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Left out: no body at all, and no content type. */
  readonly body?: unknown
}

/** Thrown where a request cannot be carried out; becomes an answer in the form in which the service writes errors. */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly answer: Answer

  constructor(
    status: number,
    code: string,
    text: string,
    inner?: string,
    headers: Record<string, string> = {},
  ) {
    super(text)
    this.answer = errorAnswer(status, code, text, inner, headers)
  }
}

/** An error in the form in which the service writes it ("KeyVaultError" of the REST reference). */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  inner?: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const innererror = inner === undefined ? {} : { innererror: { code: inner } }
  return { status, headers, body: { error: { code, message, ...innererror } } }
}

/** A request that says something that the service does not understand. */
export function badParameter(text: string, inner?: string): Refusal {
  return new Refusal(400, "BadParameter", text, inner)
}

/** No secret, or no version of it, of this name. */
export function notFound(nameOrId: string): Refusal {
  return new Refusal(
    404,
    "SecretNotFound",
    `A secret with (name/id) ${nameOrId} was not found in this key vault. If you recently deleted this secret you ` +
      "may be able to recover it using the correct recovery command. For help resolving this issue, please see " +
      "https://go.microsoft.com/fwlink/?linkid=2125182",
  )
}

/** No deleted secret of this name, or none yet. */
export function deletedNotFound(name: string): Refusal {
  return new Refusal(404, "SecretNotFound", `Deleted Secret not found: ${name}`)
}

/** The version is there and switched off. */
export function disabled(): Refusal {
  return new Refusal(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
}

/** The name is taken by a secret that is deleted. */
export function deletedButRecoverable(name: string): Refusal {
  const text =
    `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, ` +
    "the secret can only be recovered or purged."
  return new Refusal(409, "Conflict", text, "ObjectIsDeletedButRecoverable")
}

/** The secret is on its way out or back. */
export function inBetween(state: "deleted" | "recovered"): Refusal {
  const inner = state === "deleted" ? "ObjectIsBeingDeleted" : "ObjectIsBeingRecovered"
  return new Refusal(409, "Conflict", `Secret is currently being ${state}.`, inner)
}

/** Somebody else writes to this name at this moment. */
export function writtenElsewhere(): Refusal {
  return new Refusal(409, "Conflict", "The secret is being changed by another request.")
}
