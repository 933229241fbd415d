import { type Clock, untilAborted } from "../../src/core/index.ts"
import { type Answer, type Ask, clientOf } from "./client.ts"
import { loginOf } from "./login/index.ts"
import type { CheckedOptions } from "./options.ts"
import { type Holder, sessionOf } from "./session.ts"
import { httpTransport } from "./transport.ts"
import { closed, type Works, worksOf } from "./works.ts"

/** Asks the server, as whoever is logged in. @throws VaultFailure */
export type AskServer = (
  method: Ask["method"],
  path: string,
  signal: AbortSignal,
  body?: Readonly<Record<string, unknown>>,
) => Promise<Answer>

/** The server, with the store's identity and in its namespace. */
export interface Connection {
  readonly ask: AskServer
  readonly clock: Clock
  readonly works: Works
  /**
   * Does several things with one login, which is given to `call`. All of it may be done again after another login. What is
   * asked when the store is closed is still answered, and nothing is asked after that.
   *
   * @throws VaultFailure
   */
  withLogin<T>(call: (ask: AskServer, holder: Holder) => Promise<T>, signal: AbortSignal): Promise<T>
  /** Gives back what nobody wants, also while the store is being closed, if the server lets it. */
  giveBack(holder: Holder, path: string, body: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

/**
 * Opens nothing yet: the first call loads what is needed, connects and logs in.
 *
 * @param endMatters whether something depends on when tokens end.
 */
export function connectionOf(
  options: CheckedOptions,
  { endMatters = false }: { readonly endMatters?: boolean } = {},
): Connection {
  const { address, auth, namespace, loginNamespace, tls, proxy, clock } = options
  const transport = options.transport ?? httpTransport(address, tls, proxy)
  const client = clientOf(address.href.replace(/\/$/, ""), transport)
  const works = worksOf(clock)
  const login = loginOf(auth, tls.cert)
  const session = sessionOf({ client, login, namespace: loginNamespace, clock, works, endMatters })

  const withLogin: Connection["withLogin"] = (call, signal) =>
    session.use(holder => {
      const { token } = holder
      const ask: AskServer = async (method, path, signal, body) => {
        if (works.closing.aborted) throw closed()
        return await client.ask({ method, path, body, token, namespace, signal })
      }
      return call(ask, holder)
    }, signal)

  return {
    clock,
    works,
    withLogin,
    ask: (method, path, signal, body) =>
      untilAborted(signal, own => withLogin(ask => ask(method, path, own, body), own), works.closing),
    async giveBack({ token }, path, body) {
      const { signal } = new AbortController()
      await client.ask({ method: "POST", path, body, token, namespace, signal }).catch(() => undefined)
    },
    async close() {
      await works.close()
      await client.close()
    },
  }
}
