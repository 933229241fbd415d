import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { type Answer, errorAnswer, Refusal } from "./answers.ts"
import { processCertificate } from "./certificate.ts"
import { authenticated } from "./challenge.ts"
import { serverClock } from "./clock.ts"
import { faultQueue } from "./faults.ts"
import { loginService } from "./login.ts"
import { misfortune } from "./misfortune.ts"
import type { AzureOptions, AzureServer } from "./options.ts"
import { permissions } from "./permissions.ts"
import { requestRecorder } from "./request-log.ts"
import { routed } from "./routes.ts"
import { secretsBehind } from "./secrets-behind.ts"
import { send, textOf } from "./send.ts"
import { fakeCredential, tokens } from "./tokens.ts"
import { Vault } from "./vault.ts"

/** Starts a Key Vault on 127.0.0.1. */
export async function startAzure(options: AzureOptions = {}): Promise<AzureServer> {
  const { resource = "https://vault.azure.net", writeTakes = 2 } = options
  const certificate = await processCertificate()
  const clock = serverClock()
  const issuer = tokens(clock)
  const allowed = permissions(options.authorization ?? "rbac")
  const faults = faultQueue()
  const log = requestRecorder()
  const login = loginService(issuer)
  const closing = new AbortController()
  const vault = new Vault(clock, {
    deleteSettles: options.deleteSettles ?? { polls: 2 },
    recoverSettles: options.recoverSettles ?? { polls: 0 },
  })
  let latency = options.latency ?? 0
  let held: Promise<void> | undefined
  const wait = async (milliseconds: number): Promise<void> => {
    if (milliseconds > 0) await pause(milliseconds, undefined, { signal: closing.signal })
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request
    const host = request.headers.host ?? "127.0.0.1"
    const { pathname: path, searchParams: query } = new URL(url, "https://vault")
    const body = await textOf(request)

    const loggedIn = login.answer(method, host, path, body)
    if (loggedIn !== undefined) return send(response, loggedIn)

    const caller = whose(request)
    const identity = typeof caller === "string" ? caller : undefined
    const logged = log.begin({ method, path, url, identity, bodyEmpty: body === "" })
    response.once("close", () => log.end(logged, undefined))
    const finish = (answer: Answer): void => {
      // Before the answer leaves, or a client that goes on at once would seem to have begun before.
      log.end(logged, answer.status)
      send(response, answer, request.headers["x-ms-client-request-id"])
    }
    const carryOut = async (): Promise<Answer> => {
      if (typeof caller !== "string") return caller
      const meanwhile = async (): Promise<void> => await (held ?? wait(writeTakes))
      const call = { method, host, path, query, body, identity: caller }
      return await answered(routed(call, { vault, permissions: allowed, meanwhile }))
    }

    await wait(latency)
    const mishap = faults.take({ method, path, identity })
    if (mishap === undefined) return finish(await carryOut())
    await misfortune(mishap, { request, response, carryOut, finish, wait, healed: faults.healed })
  }

  function whose(request: IncomingMessage): string | Answer {
    try {
      return authenticated(request.headers.authorization, issuer, resource)
    } catch (thrown) {
      if (thrown instanceof Refusal) return thrown.answer
      throw thrown
    }
  }

  const server = createServer(certificate, (request, response) => {
    serve(request, response).catch(() => {
      // The client has gone, or the server is being closed: nobody is left to be told.
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `https://127.0.0.1:${port}`,
    port,
    ca: certificate.cert,
    clock,
    faults,
    log,
    login,
    get latency() {
      return latency
    },
    set latency(milliseconds) {
      latency = milliseconds
    },
    token: (identity = "owner", { lifetime } = {}) => issuer.issue(identity, lifetime),
    credential: (identity = "owner", { lifetime } = {}) => fakeCredential(issuer, identity, lifetime),
    expireTokens: issuer.expire,
    withdrawTokens: issuer.withdraw,
    grant: allowed.grant,
    revoke: allowed.revoke,
    deny: allowed.deny,
    allow: allowed.allow,
    ...secretsBehind(vault),
    holdWrites() {
      let release: () => void = () => undefined
      held = new Promise<void>(resolve => {
        release = () => {
          held = undefined
          resolve()
        }
      })
      return release
    },
    async close() {
      closing.abort()
      faults.heal()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** An answer, also where there is a refusal. What is neither is a fault of the stand-in, and says so. */
async function answered(going: Promise<Answer>): Promise<Answer> {
  try {
    return await going
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.answer
    return errorAnswer(500, "StandInFailed", `the stand-in itself failed ${randomUUID()}`)
  }
}
