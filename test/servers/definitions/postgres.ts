import { connect } from "node:net"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { digest, serversFolder } from "../system/place.ts"
import type { PostgresServer } from "../types.ts"
import type { Definition } from "./definition.ts"
import { ANSWERS_WITHIN } from "./http.ts"

const VERSION = "18.4"
const ACCOUNT = { user: "postgres", password: "latchkey", database: "postgres" } as const

/** PostgreSQL, whose binaries come with `npm ci`. */
export const postgres: Definition<"postgres"> = {
  name: "postgres",
  version: VERSION,
  docker: { port: 5432, server: (host, port) => server(host, port) },
  launch({ own, port }) {
    // Not in `own`: as root, PostgreSQL runs as another user, who may not look into the folder of the state.
    const data = join(tmpdir(), `latchkey-postgres-${digest(own)}-${basename(own)}-${port}`)
    return {
      command: process.execPath,
      args: [join(serversFolder, "definitions", "postgres-program.ts"), data, String(port), ACCOUNT.password],
      leaves: [data],
      printsReady: true,
      server: () => server("127.0.0.1", port),
    }
  },
  async health({ host, port }) {
    return (await answersPostgres(host, port)) ? {} : undefined
  },
}

function server(host: string, port: number): PostgresServer {
  return { name: "postgres", version: VERSION, host, port, ...ACCOUNT }
}

/** Asks whether the server speaks TLS: it answers with one letter ("SSLRequest", Frontend/Backend Protocol). */
async function answersPostgres(host: string, port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect({ host, port, timeout: ANSWERS_WITHIN })
    const done = (well: boolean): void => {
      socket.destroy()
      resolve(well)
    }
    socket.once("connect", () => socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])))
    socket.once("data", bytes => done(/^[SN]/.test(bytes.toString("latin1"))))
    socket
      .once("timeout", () => done(false))
      .once("error", () => done(false))
      .once("close", () => done(false))
  })
}
