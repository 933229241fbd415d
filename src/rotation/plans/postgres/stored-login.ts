import { misconfigured, parseExactly, SecretError, type SecretValue } from "../../../core/index.ts"
import type { PostgresLogin } from "./clients.ts"

/**
 * How the login stands in the secret:
 * - `"json"`: an object with `username` and `password`, whose other fields stay what they are, as in the secrets that AWS
 *   makes for databases;
 * - `"url"`: a connection string, of which everything but user and password stays what it is;
 * - a connection string with both placeholders, which is what is written, whatever stood there before:
 *   `"postgres://{username}:{password}@db.internal:5432/app"`.
 */
export type PostgresFormat = "json" | "url" | `${string}://{username}:{password}@${string}`

/** Reads and writes logins in one format. */
export interface StoredLogins {
  /** @throws SecretError `INVALID_VALUE` for a value that holds no login of this format; it quotes nothing of it. */
  read(value: SecretValue): PostgresLogin
  /**
   * @param current what the secret holds now, of which the format may keep a part.
   * @throws SecretError `INVALID_VALUE` if there is nothing to keep a part of.
   */
  write(login: PostgresLogin, current: SecretValue | undefined): string
}

/** @throws SecretError `MISCONFIGURED` for a format that is none. */
export function storedLogins(format: PostgresFormat): StoredLogins {
  if (format === "json") return { read: loginOfJson, write: writeJson }
  if (format === "url") return { read: loginOfUrl, write: writeUrl }
  const template = partsOf(format)
  if (template?.user !== "{username}" || template.password !== "{password}") {
    throw misconfigured(
      'format of postgresPassword() is neither "json" nor "url" nor a URL with {username} and {password}',
      'write format: "postgres://{username}:{password}@db.internal:5432/app"',
    )
  }
  return { read: loginOfUrl, write: login => urlOf(template, login) }
}

const OBJECT = 'a JSON object with the texts "username" and "password"'

function loginOfJson(value: SecretValue): PostgresLogin {
  const { username, password } = fieldsOf(value)
  if (typeof username !== "string" || typeof password !== "string" || username === "" || password === "") {
    throw unreadable(OBJECT)
  }
  return { user: username, password }
}

function writeJson({ user, password }: PostgresLogin, current: SecretValue | undefined): string {
  const kept = current === undefined ? {} : fieldsOf(current)
  return JSON.stringify({ ...kept, username: user, password })
}

function fieldsOf(value: SecretValue): Record<string, unknown> {
  let content: unknown
  try {
    content = parseExactly(String(value))
  } catch {
    // The parser's error quotes its input; what follows has a fixed text.
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw unreadable(OBJECT)
  return content as Record<string, unknown>
}

/** A connection string, taken apart so that what is kept of it stays the same to the last byte; several hosts are fine. */
interface UrlParts {
  readonly scheme: string
  readonly user: string
  readonly password: string
  readonly rest: string
}

/** User and password have none of the characters that end them, which have to be percent-encoded (RFC 3986, 3.2.1). */
const URL_FORM = /^([a-z][a-z0-9+.-]*:\/\/)([^:@/?#\s]+):([^:@/?#\s]+)@(\S+)$/i

function partsOf(text: unknown): UrlParts | undefined {
  const [, scheme, user, password, rest] = (typeof text === "string" && URL_FORM.exec(text)) || []
  if (scheme === undefined || user === undefined || password === undefined || rest === undefined) {
    return undefined
  }
  return { scheme, user, password, rest }
}

function urlOf({ scheme, rest }: UrlParts, { user, password }: PostgresLogin): string {
  return `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${rest}`
}

function loginOfUrl(value: SecretValue): PostgresLogin {
  const parts = partsOf(value)
  try {
    if (parts !== undefined) {
      return { user: decodeURIComponent(parts.user), password: decodeURIComponent(parts.password) }
    }
  } catch {
    // A percent sign that begins nothing: others may read it otherwise, so nobody can say what is meant.
  }
  throw unreadable("a URL with a user and a password")
}

function writeUrl(login: PostgresLogin, current: SecretValue | undefined): string {
  const parts = partsOf(current)
  if (parts !== undefined) return urlOf(parts, login)
  throw new SecretError("INVALID_VALUE", {
    message: "there is no connection string of which the host could be kept",
    hint: 'store the first one by hand, or give the whole: format: "postgres://{username}:{password}@db.internal:5432/app"',
  })
}

function unreadable(expected: string): SecretError {
  return new SecretError("INVALID_VALUE", {
    message: `the value does not have the form that the plan writes: ${expected}`,
    hint: "put a value of that form there, or give postgresPassword() the format that the value has",
  })
}
