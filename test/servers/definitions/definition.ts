import type { Installation } from "../install/index.ts"
import type { ServerName, Servers } from "../types.ts"

/** How to come by one of the servers, and to see that it is well. */
export interface Definition<Name extends ServerName = ServerName> {
  readonly name: Name
  readonly version: string
  /** The service in docker-compose.test.yml. Absent if no image can stand for the server. */
  readonly docker?: DockerService<Servers[Name]>
  /** What has to be installed first. Absent if it comes with `npm ci`. */
  readonly installation?: Installation
  /** How to start it as a process. */
  launch(place: Place): Launch<Servers[Name]>
  /** What a server that answers says of itself, or nothing while it does not answer as it should. */
  health(server: Servers[Name]): Promise<Health | undefined>
  /** What to do once when the server has been started, and before anybody uses it. */
  prepare?(server: Servers[Name]): Promise<void>
}

/** A server in a container. */
export interface DockerService<Server> {
  /** Whether it has the network of the machine, so that ports can be opened later. Default: no. */
  readonly sharesNetwork?: boolean
  /** The port in the container. */
  readonly port: number
  server(host: string, port: number): Server
}

/** Where a server is started. */
export interface Place {
  /** Where it was installed; the folder of the project if there was nothing to install. */
  readonly installed: string
  /** An empty folder of its own, which goes when the server does. */
  readonly own: string
  /** A port that was free a moment ago. */
  readonly port: number
}

/** A process to start. */
export interface Launch<Server> {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Files outside of `own` that are to go with the server. */
  readonly leaves?: readonly string[]
  /** Whether the process prints a line of JSON when it is ready. */
  readonly printsReady: boolean
  /** The server that it becomes, from that line. */
  server(ready: Readonly<Record<string, unknown>>): Server
}

/** A server that is well. */
export interface Health {
  /** As the server itself says; absent if it does not. */
  readonly version?: string | undefined
}
