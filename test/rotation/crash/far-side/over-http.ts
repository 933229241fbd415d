import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import type { Life } from "../life.ts"
import { asked, type Credentials, type FarSide } from "./far-side.ts"

/** A far side that processes of their own ask over HTTP. */
export interface FarSideServer {
  readonly url: string
  close(): Promise<void>
}

/** What is asked: one of the calls, with what it takes. */
interface Question {
  readonly call: keyof FarSide
  readonly with: never
}

/** Serves the far side to one program, each of whose requests passes through its life. */
export async function serveFarSide(credentials: Credentials, life: Life): Promise<FarSideServer> {
  const far = asked(credentials)
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const question = (await json(request)) as Question
      const said = await life.request<unknown>(() => far[question.call](question.with))
      response.end(JSON.stringify({ said }))
    }
    answer().catch(() => response.destroy())
  })
  server.requestTimeout = 0
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The far side behind an address, as a program asks it. */
export function farSideAt(url: string): FarSide {
  const ask = async <T>(call: keyof FarSide, argument: unknown): Promise<T> => {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify({ call, with: argument }) })
    return ((await answer.json()) as { said: T }).said
  }
  return {
    mint: label => ask("mint", label),
    list: () => ask("list", undefined),
    apply: value => ask("apply", value),
    accepts: credential => ask("accepts", credential),
    revoke: credential => ask("revoke", credential),
    identify: value => ask("identify", value),
  }
}
