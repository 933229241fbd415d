import type { GcpServer } from "../../servers/gcp/index.ts"
import { newCanary } from "../../support/canary.ts"

/** A client of Google's authentication library, as far as the store looks at one, that logs in at the stand-in. */
export class Caller {
  /** All tokens that it was given so far. */
  readonly tokens: string[] = []
  readonly #server: GcpServer
  #refused = false
  #isSilent = false
  credentials: { readonly access_token: string; readonly expiry_date: number }

  constructor(server: GcpServer) {
    this.#server = server
    this.credentials = this.#fresh()
  }

  setCredentials(credentials: { readonly access_token: string; readonly expiry_date: number }): void {
    this.credentials = credentials
  }

  /** Keeps its token until that has come to the end that it was given out with, as the library does. */
  async getRequestHeaders(): Promise<Headers> {
    if (this.credentials.expiry_date <= Date.now()) {
      if (this.#isSilent) await new Promise<never>(() => undefined)
      this.credentials = this.#fresh()
    }
    return new Headers({ authorization: `Bearer ${this.credentials.access_token}` })
  }

  /** Ends the token that it holds, before the end that it was given out with. */
  expire(): void {
    this.#server.identities.expire(this.credentials.access_token)
  }

  /** Whether it is refused another token. */
  refuse(refused: boolean): void {
    this.#refused = refused
  }

  /** Whether whoever asks for another token from now on is never answered. */
  silence(isSilent: boolean): void {
    this.#isSilent = isSilent
  }

  #fresh(): { readonly access_token: string; readonly expiry_date: number } {
    if (this.#refused) throw new RefusedLogin(this.tokens)
    const token = newCanary().text
    this.tokens.push(token)
    this.#server.identities.add({ token, name: "program" })
    return { access_token: token, expiry_date: Date.now() + 3_600_000 }
  }
}

/** What the library throws when it is refused: with everything in it that a request had. */
class RefusedLogin extends Error {
  readonly status = 400
  readonly response: object

  constructor(tokens: readonly string[]) {
    super(`invalid_grant: ${tokens.join()}`)
    this.response = {
      status: 400,
      data: { error: "invalid_grant" },
      config: { headers: { authorization: tokens } },
    }
  }
}
