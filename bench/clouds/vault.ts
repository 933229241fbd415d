import { openStore } from "latchkey"
import { type HttpProxy, startHttpProxy } from "../../test/faults/http-proxy.ts"
import { running } from "../../test/servers/index.ts"
import { filled } from "./aws.ts"
import { type Cloud, LATENCY } from "./cloud.ts"

/** A real Vault, behind a proxy that is slow, with a login by AppRole. */
export async function vault(): Promise<Cloud> {
  const server = await running("vault")
  const id = `bench-${process.pid}`
  const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${server.url}/v1/${path}`, {
      method,
      headers: { "x-vault-token": server.rootToken },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`)
    return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>)
  }
  const from = async (method: string, path: string, field: string): Promise<string> => {
    const { data } = await call(method, path)
    return String((data as Record<string, unknown>)[field])
  }

  await call("POST", `sys/auth/${id}`, { type: "approle" })
  await call("PUT", `sys/policies/acl/${id}`, {
    policy: `path "secret/data/${id}/*" { capabilities = ["read"] }`,
  })
  await call("POST", `auth/${id}/role/bench`, { token_policies: [id] })
  const roleId = await from("GET", `auth/${id}/role/bench/role-id`, "role_id")
  const secretId = await from("POST", `auth/${id}/role/bench/secret-id`, "secret_id")
  const place = `/secret?kv=2&prefix=${id}`
  await filled(
    await openStore(`vault://${new URL(server.url).host}${place}`, {
      env: { VAULT_TOKEN: server.rootToken },
    }),
  )

  const proxy = await startHttpProxy({ upstream: server.url, latencyMs: LATENCY })
  return {
    environment: {
      LATCHKEY_STORE: `vault://${new URL(proxy.url).host}${place}&auth=approle&auth-mount=${id}`,
      VAULT_ADDR: proxy.url,
      VAULT_ROLE_ID: roleId,
      VAULT_SECRET_ID: secretId,
      BENCH_LOGIN: id,
      BENCH_PREFIX: `secret/data/${id}/`,
    },
    seen: () => seenOf(proxy),
    forget: () => proxy.log.clear(),
    close: async () => {
      await proxy.close()
      await call("DELETE", `sys/auth/${id}`)
    },
  }
}

function seenOf({ log }: HttpProxy) {
  const reads = log.requests.filter(({ path }) => !path.startsWith("/v1/auth/"))
  return {
    calls: reads.length,
    waves: new Set(reads.map(({ wave }) => wave)).size,
    mostInFlight: log.mostInFlight,
  }
}
