import { fromEnvironment } from "./environment.ts"
import { type ServerName, type Servers, ServerUnavailable } from "./types.ts"

/**
 * Gives a server that is up; one that is being started is waited for.
 *
 * @throws ServerUnavailable if it cannot be had on this machine; the message says why, and what to do.
 */
export async function running<Name extends ServerName>(name: Name): Promise<Servers[Name]> {
  const server = fromEnvironment(name, process.env)
  if (server === undefined) throw new ServerUnavailable(name, "no address in the environment")
  return server as Servers[Name]
}
