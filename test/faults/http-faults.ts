/** A request as a fault may look at it. */
export interface ProxiedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** What is asked of services that say so in a header (`x-amz-target`): `GetSecretValue`; else the method. */
  readonly operation: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** An answer that the service has not given. */
export interface MadeAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What is done to a request, or to its answer. */
export type Deed =
  /** Answers itself; the service hears nothing of it. */
  | ({ readonly is: "answer" } & MadeAnswer)
  /** Takes the request and never answers; the service hears nothing of it. */
  | { readonly is: "silence" }
  /** Gives the service's answer so many milliseconds later, by the clock of the proxy. */
  | { readonly is: "delay"; readonly milliseconds: number }
  /** Begins the service's answer, says how long all of it is, and ends in the middle. */
  | { readonly is: "truncate" }
  /** The same, but resets the connection instead of ending it. */
  | { readonly is: "reset" }
  /** Gives the service's answer without its last character, as if that were all of it. */
  | { readonly is: "malform" }
  /** Lets the service do what is asked, and closes the connection instead of answering. */
  | { readonly is: "lose" }

/** Which requests a fault strikes. */
export interface StrikeOptions {
  /** Default: all. */
  readonly which?: (request: ProxiedRequest) => boolean
  /** Only the first so many. Default: all, until the fault ends. */
  readonly times?: number
}

/** A fault that is in force. */
export interface Fault extends Disposable {
  /** How many requests it has struck. */
  readonly struck: number
  /** Strikes no more; what it keeps silent about stays so. */
  end(): void
}

/** The faults of a proxy. Of several that fit a request, the oldest strikes it. */
export class HttpFaults {
  readonly #present = new Set<{
    readonly deed: Deed
    readonly strikes: (request: ProxiedRequest) => boolean
  }>()

  /** Puts a fault in force. */
  add(deed: Deed, { which = () => true, times = Number.POSITIVE_INFINITY }: StrikeOptions = {}): Fault {
    let struck = 0
    const present = this.#present
    const entry = {
      deed,
      strikes(request: ProxiedRequest): boolean {
        if (struck >= times || !which(request)) return false
        struck += 1
        return true
      },
    }
    present.add(entry)
    const end = (): void => void present.delete(entry)
    return {
      get struck() {
        return struck
      },
      end,
      [Symbol.dispose]: end,
    }
  }

  /** Ends all faults. */
  clear(): void {
    this.#present.clear()
  }

  /** What is done to a request, if anything. */
  take(request: ProxiedRequest): Deed | undefined {
    for (const { deed, strikes } of this.#present) if (strikes(request)) return deed
    return undefined
  }
}
