import type { Answer, Client } from "../client.ts"
import { VaultFailure } from "../failure.ts"
import { fieldsOf, numberOf, textOf } from "../json.ts"
import { encoded } from "../names.ts"

/** What a login gives. */
export interface Grant {
  readonly token: string
  /** How long the token lives from now on, in milliseconds; 0 if it has no end, or none that is known. */
  readonly lease: number
  readonly renewable: boolean
}

/** What a login is made with. */
export interface LoginCall {
  readonly client: Client
  readonly namespace: string | undefined
  /** The token that is no longer accepted, if there was one. */
  readonly replacing: string | undefined
  /** Whether something depends on when the token ends, so that it is worth a request to know. */
  readonly endMatters: boolean
  readonly signal: AbortSignal
}

/** One way to log in. */
export interface Login {
  /** Whether the server gives out a new token each time. If not, the token is one that somebody else got. */
  readonly issues: boolean
  /** Whether the server counts the logins that fail, and locks out who fails too often. */
  readonly counted: boolean
  /**
   * Gets the credential as it is now, and asks the server nothing.
   *
   * @throws SecretError `UNAUTHENTICATED` where there is nothing to log in with
   */
  attempt(): Promise<Attempt>
}

/** One login, with one credential. */
export interface Attempt {
  /** Whatever it is made with, as one text: another text is another credential. */
  readonly credential: string
  /** @throws VaultFailure with the stage `"login"`; SecretError `UNAUTHENTICATED` for what was not accepted */
  logIn(call: LoginCall): Promise<Grant>
}

type Body = Readonly<Record<string, unknown>>

/**
 * A login by the engine at a mount, by what is in its body.
 *
 * @param path behind the mount.
 */
export function attemptAt(mount: string, body: Body, path?: string): Attempt {
  return { credential: JSON.stringify(body), logIn: call => logInAt(call, mount, body, path) }
}

/** Logs in by the engine at a mount, and says what it gave. */
export async function logInAt(
  { client, namespace, signal }: LoginCall,
  mount: string,
  body: Body,
  path = "login",
): Promise<Grant> {
  const answer = await client.ask({
    method: "POST",
    path: `auth/${encoded(mount)}/${path}`,
    body,
    namespace,
    stage: "login",
    signal,
  })
  return grantOf(answer)
}

/**
 * The token in the answer to a login or a renewal.
 *
 * @param renewed the token that was renewed: not every answer repeats it.
 * @throws VaultFailure if there is none
 */
export function grantOf({ json }: Answer, renewed?: string): Grant {
  const auth = fieldsOf(json.auth)
  const token = textOf(auth?.client_token) || renewed
  if (auth === undefined || token === undefined)
    throw new VaultFailure({ stage: "login", status: 200, reason: "odd-answer" })
  return { token, lease: 1_000 * (numberOf(auth.lease_duration) ?? 0), renewable: auth.renewable === true }
}
