import { parseDuration } from "../../../src/core/index.ts"
import type { Consumers } from "../../../src/rotation/index.ts"
import { startChild } from "../../support/child.ts"
import { NAME } from "./scene.ts"

/** How the programs read the secret, with room for a machine that is busy, and how long their tokens have to be good. */
export const consumers: Consumers = {
  ttl: "100ms",
  maxStale: "500ms",
  callTimeout: "100ms",
  tokenLifetime: "1s",
}

/** A server that issues a token to whoever brings none, and checks the one that is brought. */
const PROGRAM = `
  import { createServer } from "node:http"
  import { openSecrets } from "latchkey"
  import { sign, verify } from "./docs/snippets/jwt.ts"
  import { keyring } from "./src/rotation/index.ts"

  const secrets = await openSecrets(process.argv[1], { ttl: "100ms", maxStale: "10s" })
  const keys = await keyring(secrets, "${NAME}", { refreshInterval: "100ms" })
  const server = createServer(async (request, answer) => {
    try {
      const token = request.headers.authorization
      answer.end(token === undefined ? await sign(keys, {}, "1m") : JSON.stringify(await verify(keys, token)))
    } catch (thrown) {
      answer.statusCode = 401
      answer.end(thrown.message)
    }
  })
  server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port + "."))
`

/** A program of its own that shares the secret with others. */
export interface Program {
  issue(): Promise<string>
  /** Why it refuses a token; `undefined` if it accepts it. */
  refusal(token: string): Promise<string | undefined>
}

/** Starts one, which is killed when the test ends. @param killAfter milliseconds that the test may take. */
export async function startProgram(
  url: string,
  env: Readonly<Record<string, string>>,
  killAfter: number,
): Promise<Program> {
  const child = startChild(PROGRAM, { args: [url], env, killAfter })
  let printed = ""
  child.process.stdout?.on("data", text => {
    printed += text
  })
  await child.printed(".")
  const at = `http://127.0.0.1:${/port (\d+)\./.exec(printed)?.[1]}/`
  return {
    async issue() {
      const answer = await fetch(at)
      if (!answer.ok) throw new Error(`no token was issued: ${await answer.text()}`)
      return await answer.text()
    },
    async refusal(token) {
      const answer = await fetch(at, { headers: { authorization: token } })
      const text = await answer.text()
      return answer.ok ? undefined : text
    },
  }
}

/** Lets each of the programs check the tokens of all, without a pause, until it is stopped. */
export function load(programs: readonly Program[]) {
  const lifetime = parseDuration(consumers.tokenLifetime)
  const refused: string[] = []
  let checked = 0
  let stopped = false
  const checking = async (issuer: Program): Promise<void> => {
    while (!stopped) {
      const issuedAt = performance.now()
      const token = await issuer.issue()
      for (const checker of programs) {
        const refusal = await checker.refusal(token)
        checked += 1
        // Where the machine stood still for as long as a token has to be good, nothing is proved.
        if (refusal !== undefined && performance.now() - issuedAt < lifetime) refused.push(refusal)
      }
      await new Promise<void>(resolve => setImmediate(resolve))
    }
  }
  const running = Promise.all(programs.map(checking))
  // Told by stop(), when it comes to that.
  running.catch(() => undefined)
  return {
    /** Resolves with what was refused although it was good. */
    async stop() {
      stopped = true
      await running
      return { refused, checked }
    },
  }
}
