import type { Clock } from "../../src/core/index.ts"
import { type Answer, type Ask, clientOf } from "./client.ts"
import { loginOf } from "./login/index.ts"
import type { CheckedOptions } from "./options.ts"
import { sessionOf } from "./session.ts"
import { httpTransport } from "./transport.ts"

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
  /**
   * Does several things with one login, whose number is given to `call`. All of it may be done again after another login.
   *
   * @throws VaultFailure
   */
  withLogin<T>(call: (ask: AskServer, login: number) => Promise<T>, signal: AbortSignal): Promise<T>
  close(): Promise<void>
}

/** Opens nothing yet: the first call loads what is needed, connects and logs in. */
export function connectionOf(options: CheckedOptions): Connection {
  const { address, auth, namespace, loginNamespace, tls, proxy, clock } = options
  const transport = options.transport ?? httpTransport(address, tls, proxy)
  const client = clientOf(address.href.replace(/\/$/, ""), transport)
  const session = sessionOf(client, loginOf(auth), loginNamespace, clock)

  const withLogin: Connection["withLogin"] = (call, signal) =>
    session.use(({ token, login }) => {
      const ask: AskServer = (method, path, signal, body) =>
        client.ask({ method, path, body, token, namespace, signal })
      return call(ask, login)
    }, signal)

  return {
    clock,
    withLogin,
    ask: (method, path, signal, body) => withLogin(ask => ask(method, path, signal, body), signal),
    close: () => client.close(),
  }
}
