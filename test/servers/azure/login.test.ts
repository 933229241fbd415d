import { ClientSecretCredential } from "@azure/identity"
import { SecretClient } from "@azure/keyvault-secrets"
import { expect, it, onTestFinished } from "vitest"
import { ask, type Reply } from "./ask.ts"
import { type AzureServer, type Client, startAzure } from "./index.ts"

async function started(): Promise<AzureServer> {
  const server = await startAzure()
  onTestFinished(async () => await server.close())
  return server
}

async function logIn(
  server: AzureServer,
  client: Partial<Client>,
  grant = "client_credentials",
): Promise<Reply> {
  const { clientId = "", clientSecret = "" } = client
  const form = new URLSearchParams({
    grant_type: grant,
    client_id: clientId,
    client_secret: clientSecret,
    scope: "https://vault.azure.net/.default",
  })
  return await ask(server, { method: "POST", path: "/tenant/oauth2/v2.0/token", body: String(form) })
}

it("gives a token to who knows the secret of a client, good for what its identity may do", async () => {
  const server = await started()
  const reply = await logIn(server, server.login.client("reader"))
  expect(reply.body).toMatchObject({ token_type: "Bearer", expires_in: 86_399, ext_expires_in: 86_399 })
  const { access_token: token } = reply.body as { access_token: string }
  const path = "/secrets/name?api-version=7.6"
  expect((await ask(server, { path, token })).status).toBe(404)
  expect((await ask(server, { method: "DELETE", path, token })).status).toBe(403)
  expect(server.login.calls).toBe(1)
  expect(server.log.requests.map(({ identity }) => identity)).toEqual(["reader", "reader"])
})

it("gives none for a wrong secret, for an unknown or forgotten client and for another grant", async () => {
  const server = await started()
  const client = server.login.client("owner")
  const replies = [
    await logIn(server, { ...client, clientSecret: "wrong" }),
    await logIn(server, { ...client, clientId: "nobody" }),
    await logIn(server, client, "password"),
  ]
  server.login.forgetClients()
  replies.push(await logIn(server, client))
  expect(replies.map(({ status, body }) => [status, (body as { error: string }).error])).toEqual([
    [401, "invalid_client"],
    [400, "unauthorized_client"],
    [400, "unsupported_grant_type"],
    [400, "unauthorized_client"],
  ])
})

it("lets the login library of the SDK in, once for many calls", async () => {
  const server = await started()
  server.put("name", "value")
  const { tenantId, clientId, clientSecret } = server.login.client("reader")
  const tls = { tlsOptions: { ca: server.ca } }
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: server.url,
    disableInstanceDiscovery: true,
    ...tls,
  })
  const client = new SecretClient(server.url, credential, {
    disableChallengeResourceVerification: true,
    ...tls,
  })
  expect((await client.getSecret("name")).value).toBe("value")
  await client.getSecret("name")
  expect(server.login.calls).toBe(1)
  expect(server.log.requests.map(({ status }) => status)).toEqual([401, 200, 200])
})
