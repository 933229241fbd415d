import { randomBytes } from "node:crypto"
import { vault } from "../../../providers/vault/index.ts"
import { type OwnVault, ownVault, type VaultServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { makeCertificate } from "../../support/certificates.ts"
import { laterBy } from "../../support/clock.ts"
import type { ProxiedRequest } from "../http-faults.ts"
import { startHttpProxy } from "../http-proxy.ts"
import type { Calamity, Column, Evidence, MakeLink, Needs } from "../matrix/cell.ts"
import { type HttpBench, overHttp } from "../matrix/over-http.ts"
import { until } from "../matrix/pace.ts"
import { rootOf, type VaultRoot } from "./vault-root.ts"

/** A store of Vault or OpenBao in front of a real server, at which it logs in by name and password. */
export interface VaultBench extends HttpBench {
  /** There for cells that seal it. */
  readonly own: OwnVault | undefined
  readonly root: VaultRoot
  /** Where the values are: `mount/data/name`. */
  readonly path: { readonly data: string; readonly metadata: string; readonly policy: string }
  /** Where a limit on requests for the secret can be set. */
  readonly quota: string
  /** Makes the user that the store logs in as, or forgets it. */
  user(present: boolean): Promise<void>
  /** Ends all tokens that the store was given. */
  revoke(): Promise<void>
}

const NAME = "tally/api-token"

/** Mounts an engine and a way to log in, for all benches on one server. */
export async function prepareVault(server: VaultServer): Promise<VaultPlace> {
  const root = rootOf(server)
  const suffix = randomBytes(4).toString("hex")
  const [mount, logins] = [`faults-${suffix}`, `logins-${suffix}`]
  await root.ask("POST", `sys/mounts/${mount}`, { type: "kv", options: { version: "2" } })
  await root.ask("POST", `sys/auth/${logins}`, { type: "userpass" })
  // A new engine of version 2 takes a moment until it answers.
  let ready = false
  const probe = async (): Promise<void> => {
    while (!ready) {
      await root.ask("POST", `${mount}/data/ready`, { data: {} }).then(
        () => {
          ready = true
        },
        () => undefined,
      )
    }
  }
  await Promise.all([probe(), until("the engine answers", () => ready)])
  return { server, mount, logins }
}

/** Where on a server benches are made. */
export interface VaultPlace {
  readonly server: VaultServer
  readonly mount: string
  /** The mount of the login. */
  readonly logins: string
}

/** Makes a bench on a server that others use too, or on one of its own. */
export async function vaultBench(place: VaultPlace, { link, ownServer }: Needs): Promise<VaultBench> {
  if (ownServer !== true) return await benchAt(place, link, undefined)
  const own = await ownVault(place.server.name)
  return await benchAt(await prepareVault(own), link, own)
}

/** Makes a secret's place, a policy, a user and the proxy in front of the server, and a store. */
async function benchAt(
  { server, mount, logins }: VaultPlace,
  makeLink: MakeLink | undefined,
  own: OwnVault | undefined,
): Promise<VaultBench> {
  const root = rootOf(server)
  const password = newCanary().text
  const prefix = `bench-${randomBytes(4).toString("hex")}`
  const policy = `sys/policies/acl/${prefix}`
  const name = `${prefix}/${NAME}`
  const certificate = await makeCertificate()
  const proxy = await startHttpProxy({ upstream: server.url, certificate })
  const link = await makeLink?.(proxy.port)
  const credentials = [password]
  // Notes which tokens the store was given, and strikes nothing.
  proxy.faults.add(
    { is: "silence" },
    {
      which({ headers }) {
        const token = headers["x-vault-token"]
        if (typeof token === "string" && !credentials.includes(token)) credentials.push(token)
        return false
      },
    },
  )
  const user = async (present: boolean): Promise<void> => {
    const path = `auth/${logins}/users/${prefix}`
    if (present) await root.ask("POST", path, { password, token_policies: [prefix] })
    else await root.ask("DELETE", path)
  }
  await root.ask("POST", policy, { policy: policyFor(`${mount}/data/${name}`) })
  await user(true)
  return {
    own,
    root,
    proxy,
    link,
    user,
    path: { data: `${mount}/data/${name}`, metadata: `${mount}/metadata/${name}`, policy },
    quota: `sys/quotas/rate-limit/${prefix}`,
    store: vault({
      kv: 2,
      address: `https://127.0.0.1:${link?.port ?? proxy.port}`,
      mount,
      prefix,
      tls: { ca: certificate.cert },
      auth: { method: "userpass", username: prefix, password, mount: logins },
    }),
    name: NAME,
    credentials,
    answer: JSON.stringify({ data: { data: { value: "of another host" }, metadata: { version: 9 } } }),
    isWrite: ({ method, path }) => method !== "GET" && path.includes("/data/"),
    put: async value => void (await root.ask("POST", `${mount}/data/${name}`, { data: { value } })),
    async revoke() {
      for (const token of credentials.slice(1)) await root.ask("POST", "auth/token/revoke", { token })
    },
    async close() {
      await link?.close()
      await proxy.close()
      if (own === undefined) await user(false)
      else await own.close()
    },
  }
}

/** A policy that lets a program read and write one secret. */
function policyFor(path: string): string {
  return `path "${path}" { capabilities = ["create", "read", "update"] }`
}

/** Sets a limit on requests for the secret, and uses it up. */
async function usedUp({ root, path, quota }: VaultBench): Promise<Calamity> {
  await root.ask("POST", quota, { path: path.data, rate: 1, interval: "1h" })
  await root.ask("GET", path.data)
  return { end: async () => await root.ask("DELETE", quota) }
}

const nothing = { end: () => undefined }

/** What a real Vault, or OpenBao, does to a program on bad days. */
export const vaultColumn: Column<VaultBench> = {
  ...overHttp<VaultBench>(real()),
  throttledUntil: {
    code: "THROTTLED",
    retryAfterMs: "given",
    held: "stale",
    evidence: real(),
    note: "a quota, with `enable_rate_limit_response_headers`",
    needs: "ownServer",
    async begin(bench) {
      await bench.root.ask("POST", "sys/quotas/config", { enable_rate_limit_response_headers: true })
      return await usedUp(bench)
    },
  },
  throttled: {
    code: "THROTTLED",
    held: "stale",
    evidence: real(),
    note: "a quota",
    begin: usedUp,
  },
  unavailable: {
    code: "UNAVAILABLE",
    held: "stale",
    evidence: real(),
    note: "really sealed",
    needs: "ownServer",
    async begin({ own }) {
      if (own === undefined) throw new Error("only a server of one's own may be sealed")
      await own.seal()
      return { end: async () => await own.unseal() }
    },
  },
  expiredAndBack: {
    code: "none",
    held: "current",
    evidence: real(),
    note: "twice, one right after the other",
    async begin({ revoke, store, name }) {
      await revoke()
      await store.read(name, { signal: new AbortController().signal })
      await revoke()
      return nothing
    },
  },
  expired: {
    code: "UNAUTHENTICATED",
    held: "stale",
    evidence: real(),
    async begin({ revoke, user }) {
      await user(false)
      await revoke()
      return {
        async end() {
          await user(true)
          // The longest time for which a password that was refused is not sent again.
          laterBy(1_000_000)
        },
      }
    },
  },
  silentLogin: {
    code: "TIMEOUT",
    held: "stale",
    evidence: real(),
    note: "the login on the way to it",
    async begin({ revoke, proxy }) {
      await revoke()
      const which = ({ path }: ProxiedRequest): boolean => path.includes("/login/")
      const fault = proxy.faults.add({ is: "silence" }, { which })
      return {
        end() {
          fault.end()
          // From then on nobody waits for the login that hangs.
          laterBy(10_000)
        },
      }
    },
  },
  denied: {
    code: "DENIED",
    held: "ends",
    evidence: real(),
    async begin({ root, path }) {
      await root.ask("POST", path.policy, { policy: policyFor("elsewhere/*") })
      return { end: async () => await root.ask("POST", path.policy, { policy: policyFor(path.data) }) }
    },
  },
  deleted: {
    code: "NOT_FOUND",
    held: "ends",
    evidence: real(),
    async begin({ root, path }) {
      await root.ask("DELETE", path.metadata)
      return nothing
    },
  },
  disabled: {
    code: "NOT_FOUND",
    held: "ends",
    evidence: real(),
    note: "the only version deleted softly: there is nothing else by which it could be switched off",
    async begin({ root, path }) {
      await root.ask("DELETE", path.data)
      return nothing
    },
  },
  badVersion: {
    code: "NOT_FOUND",
    held: "keeps",
    evidence: real(),
    note: "deleted softly",
    async begin({ root, path, put }) {
      await put("a bad version")
      await root.ask("DELETE", path.data)
      return nothing
    },
  },
  keyService: {
    notThere: "the key is the server's own: without it all of the server is sealed, which is the row of 503",
  },
}

function real(): Evidence {
  return { is: "real server", server: "Vault, OpenBao" }
}
