import { refusesLogin } from "./errors.ts"
import type { AwsFailure } from "./failure.ts"

/** Who we are to the service, as one client of the SDK knows it. */
export interface Login {
  /** Takes note of who we are as a call begins. */
  attempt(): Attempt
}

/** One call, and the login that it was made with. */
export interface Attempt {
  /** Asks for new credentials if the last ones were refused. */
  ready(): Promise<void>
  /** Takes note of a failure, and completes it: whether new credentials may mend it. */
  refused(failure: AwsFailure): AwsFailure
}

interface Identity {
  readonly accessKeyId?: string
  readonly sessionToken?: string
}

type Provider = (options?: { readonly forceRefresh: boolean }) => Promise<Identity>

/**
 * The SDK keeps credentials until shortly before they say that they end, and those that do not say so for good. So when
 * the service refuses them, the client's provider is told to forget what it has, once for all calls that were refused
 * with it: keys that were replaced in a file, or a role whose session was revoked, come back without a restart.
 *
 * @param config of a client.
 */
export function loginOf(config: unknown): Login {
  const provider = providerOf(config)
  let generation = 0
  let refusedGeneration = -1
  let renewing: Promise<void> | undefined
  /** Whether asking anew has brought the same credentials that were refused. */
  let inVain = false

  async function renew(ask: Provider): Promise<void> {
    const before = await ask().catch(() => undefined)
    const after = await ask({ forceRefresh: true })
    inVain = before?.accessKeyId === after.accessKeyId && before?.sessionToken === after.sessionToken
    generation += 1
  }

  return {
    attempt() {
      let mine = generation
      return {
        async ready() {
          if (provider === undefined || refusedGeneration < generation) return
          renewing ??= renew(provider).finally(() => {
            renewing = undefined
          })
          await renewing
          mine = generation
        },
        refused(failure) {
          if (!refusesLogin(failure)) return failure
          refusedGeneration = Math.max(refusedGeneration, mine)
          return provider === undefined || inVain ? failure : failure.asMendable()
        },
      }
    },
  }
}

function providerOf(config: unknown): Provider | undefined {
  const credentials = (config as { credentials?: unknown } | undefined)?.credentials
  return typeof credentials === "function" ? (credentials as Provider) : undefined
}
