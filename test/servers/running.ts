import { ensure } from "./ensure.ts"
import type { Report } from "./install/index.ts"
import { release } from "./release.ts"
import { type Identity, thisProcess } from "./system/identity.ts"
import { stateFolder } from "./system/place.ts"
import type { ServerName, Servers } from "./types.ts"

/** The variable in which a test run says which process it is, so that what its workers start ends with it. */
export const RUN_VARIABLE = "LATCHKEY_SERVERS_RUN"

/**
 * Gives a server that is up. One that is being started is waited for, one that is not there is started; it stays up
 * as long as this test run, or, outside of one, until {@link letGo}.
 *
 * @param report told what is going on while one waits. Default: nobody.
 * @throws ServerUnavailable if it cannot be had on this machine; the message says why, and what to do.
 */
export async function running<Name extends ServerName>(
  name: Name,
  report: Report = () => undefined,
): Promise<Servers[Name]> {
  const { server } = await ensure(name, {
    folder: stateFolder(),
    environment: process.env,
    holder: thisRun(),
    report,
  })
  return server as Servers[Name]
}

/**
 * Lets go of all that this process got by {@link running}: what nobody else uses ends. As a part of a test run it does
 * nothing: others of that run still use the servers, and the run lets go of them itself.
 */
export async function letGo(): Promise<void> {
  if (!process.env[RUN_VARIABLE]) await release(stateFolder(), thisProcess())
}

/** The run that this process is part of: itself, unless it was told of another. */
export function thisRun(): Identity {
  const told = process.env[RUN_VARIABLE]
  return told ? (JSON.parse(told) as Identity) : thisProcess()
}
