import { randomBytes } from "node:crypto"
import { failure, type Reply } from "./routes.ts"
import type { TokenBook } from "./tokens.ts"

/** Where {@link TokenAdmin} answers. */
export const ADMIN_PATH = "/admin/tokens"

/** One request to it. */
export interface AdminRequest {
  readonly method: string | undefined
  readonly path: string
  /** The key that came with it. */
  readonly key: string | undefined
  /** The body, as it came. */
  readonly body: string
}

/**
 * What Tally has not: an API for its tokens, as other services have one. It makes tokens with a label, lists those that
 * are valid, and ends them:
 *
 * - `POST /admin/tokens` with `{ "label": … }` answers 201 with `{ "id", "token", "label" }`
 * - `GET /admin/tokens` answers with `{ "items": [{ "id", "label" }] }`
 * - `POST /admin/tokens/lookup` with `{ "token": … }` answers with `{ "id" }`, or 404
 * - `DELETE /admin/tokens/<id>` answers 204, or 404 where there is none
 */
export class TokenAdmin {
  /** Who may use it: with any other key it answers 401. */
  readonly key = `adm-${randomBytes(24).toString("base64url")}`
  readonly #tokens: TokenBook

  constructor(tokens: TokenBook) {
    this.#tokens = tokens
  }

  answer({ method, path, key, body }: AdminRequest): Reply {
    if (key !== this.key) return failure(401, "UNAUTHORIZED", "Missing or invalid admin key")
    const rest = path.slice(ADMIN_PATH.length)
    if (rest === "" && method === "GET") return { status: 200, body: { items: this.#tokens.valid } }
    if (rest === "" && method === "POST") return this.#make(textIn(body, "label"))
    if (rest === "/lookup" && method === "POST") return this.#lookUp(textIn(body, "token"))
    if (/^\/\w+$/.test(rest) && method === "DELETE") return this.#revoke(rest.slice(1))
    return failure(404, "NOT_FOUND", "Not found")
  }

  #make(label: string | undefined): Reply {
    const token = `tly-${randomBytes(24).toString("base64url")}`
    return { status: 201, body: { id: this.#tokens.add(token, label), token, label } }
  }

  #lookUp(token: string | undefined): Reply {
    const id = token === undefined ? undefined : this.#tokens.idOf(token)
    return id === undefined ? failure(404, "NOT_FOUND", "Not found") : { status: 200, body: { id } }
  }

  #revoke(id: string): Reply {
    return this.#tokens.revokeById(id)
      ? { status: 204, body: undefined }
      : failure(404, "NOT_FOUND", "Not found")
  }
}

function textIn(body: string, field: string): string | undefined {
  try {
    const value: unknown = (JSON.parse(body) as Readonly<Record<string, unknown>> | null)?.[field]
    return typeof value === "string" ? value : undefined
  } catch {
    return undefined
  }
}
