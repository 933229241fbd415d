import { onTestFinished } from "vitest"
import { type GcpOptions, type GcpServer, startGcp } from "./index.ts"
import type { Request } from "./messages.ts"
import type { Method } from "./permissions.ts"
import { type Answer, type PlainCallOptions, plainClient } from "./plain-client.ts"

/** A stand-in with a client, both of which end with the test. */
export interface Rig {
  readonly server: GcpServer
  /** `projects/latchkey-test`. */
  readonly project: string
  /** `projects/latchkey-test/secrets/…`, and with a version `…/versions/…`. */
  name(secret: string, version?: string | number): string
  call(method: Method, request: Request, options?: PlainCallOptions): Promise<Answer>
}

export async function rig(options: GcpOptions = {}): Promise<Rig> {
  const server = await startGcp(options)
  const client = plainClient(server)
  onTestFinished(async () => {
    client.close()
    await server.close()
  })
  const project = `projects/${server.project}`
  return {
    server,
    project,
    name: (secret, version) =>
      `${project}/secrets/${secret}${version === undefined ? "" : `/versions/${version}`}`,
    call: client.call,
  }
}
