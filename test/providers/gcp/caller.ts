import { newCanary } from "../../support/canary.ts"

/** A client of Google's authentication library, as far as it is looked at: gives out the token that it holds. */
export class Caller {
  credentials: { readonly access_token: string; readonly expiry_date?: number }
  /** How often a token was made. */
  logins = 0
  /** What the next login is refused with. */
  refusal: unknown
  /** What logins that begin now wait for. Default: nothing that could last. */
  held: Promise<unknown> = Promise.resolve()
  readonly #fresh: () => string

  /** @param fresh makes a token. Default: each is another one, and must turn up nowhere. */
  constructor(fresh: () => string = () => newCanary().text) {
    this.#fresh = fresh
    this.credentials = { access_token: "", expiry_date: 1 }
  }

  setCredentials(credentials: Caller["credentials"]): void {
    this.credentials = credentials
  }

  async getRequestHeaders(): Promise<Headers> {
    if ((this.credentials.expiry_date ?? Number.POSITIVE_INFINITY) <= Date.now()) {
      this.logins++
      // Whoever asks meanwhile would get a token of his own.
      await this.held
      await new Promise<void>(resolve => void setImmediate(resolve))
      if (this.refusal !== undefined) throw this.refusal
      this.credentials = { access_token: this.#fresh(), expiry_date: Date.now() + 3_600_000 }
    }
    return new Headers({ authorization: `Bearer ${this.credentials.access_token}` })
  }
}
