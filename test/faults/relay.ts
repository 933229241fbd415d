import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** Passes connections on, whatever is said over them, to a port of this machine that can change. */
export interface Relay {
  readonly host: "127.0.0.1"
  readonly port: number
  /** Leads to another port from now on, and ends the connections that there are. */
  leadTo(port: number): void
  close(): Promise<void>
}

/** Starts a relay on a free port of 127.0.0.1. */
export async function startRelay(port: number): Promise<Relay> {
  let target = port
  const open = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(target, "127.0.0.1")
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      // What breaks off on one side breaks off on the other.
      one.once("close", () => open.delete(one) && other.destroy())
      one.on("error", () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const endAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    leadTo(other) {
      target = other
      endAll()
    },
    async close() {
      const closed = once(server, "close")
      server.close()
      endAll()
      await closed
    },
  }
}
