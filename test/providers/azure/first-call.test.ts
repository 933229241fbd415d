import { SecretClient } from "@azure/keyvault-secrets"
import { Secrets } from "latchkey"
import { azure } from "latchkey/azure"
import { describe, expect, it, onTestFinished } from "vitest"
import type { AzureServer, LoggedRequest } from "../../servers/azure/index.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, collected, errorOf, scene, started } from "./scene.ts"

const isWithToken = ({ authorised }: LoggedRequest): boolean => authorised

/** What was sent with a token, and whether it had a body. */
const sent = (server: AzureServer): [path: string, bodyEmpty: boolean][] =>
  server.log.requests.filter(isWithToken).map(({ path, bodyEmpty }) => [path, bodyEmpty])

describe("the first calls of a fresh client", () => {
  it("write what they were given, however many there are at once", async () => {
    const { server, store, credential } = await scene()
    const names = Array.from({ length: 8 }, (_, index) => `name-n${index}`)
    await Promise.all(names.map(async name => await store.write(name, `value of ${name}`, calm)))
    expect(names.map(name => server.value(name))).toEqual(names.map(name => `value of ${name}`))
    expect(sent(server).every(([, bodyEmpty]) => !bodyEmpty)).toBe(true)
    expect([server.log.count(({ status }) => status === 401), credential.calls]).toEqual([1, 1])
  })

  it("write what they were given also where the first one is the last to be challenged", async () => {
    const { server, store } = await scene()
    const challenged = gate()
    server.faults.next({ slow: challenged.promise, match: ({ path }) => path === "/secrets/first" })
    const first = store.write("first", "one", calm)
    const second = store.write("second", "two", calm)
    await eventually(() => expect(server.log.count()).toBe(1))
    challenged.open()
    await Promise.all([first, second])
    expect([server.value("first"), server.value("second")]).toEqual(["one", "two"])
  })

  it("write what they were given through a client that was injected, too", async () => {
    const server = await started()
    const client = new SecretClient(server.url, server.credential(), {
      disableChallengeResourceVerification: true,
      retryOptions: { maxRetries: 0 },
      ...{ tlsOptions: { ca: server.ca } },
    })
    const store = azure({ client })
    const challenged = gate()
    server.faults.next({ slow: challenged.promise, match: ({ path }) => path === "/secrets/first" })
    const first = store.write("first", "one", calm)
    const second = store.write("second", "two", calm)
    await eventually(() => expect(server.log.count()).toBe(1))
    challenged.open()
    await Promise.all([first, second])
    expect(sent(server)).toEqual([
      ["/secrets/first", false],
      ["/secrets/second", false],
    ])
    await store.close()
    expect((await client.getSecret("first")).value).toBe("one")
  })

  it.for([
    "read",
    "list",
  ] as const)("keep nobody waiting once one has ended, however it did, through a client that was injected: %s", async first => {
    const open = gate<never>()
    const missing = Object.assign(new Error("no"), {
      name: "RestError",
      statusCode: 404,
      code: "SecretNotFound",
    })
    let going = 0
    const answer = async (): Promise<never> => {
      going += 1
      if (going === 1) throw missing
      return await open.promise
    }
    const list = () => ({ [Symbol.asyncIterator]: () => ({ next: answer }) })
    const store = azure({
      client: {
        vaultUrl: "https://my-vault.vault.azure.net",
        getSecret: answer,
        setSecret: answer,
        beginDeleteSecret: answer,
        updateSecretProperties: answer,
        getDeletedSecret: answer,
        purgeDeletedSecret: answer,
        listPropertiesOfSecrets: list,
        listPropertiesOfSecretVersions: list,
      },
    })
    const call = first === "read" ? store.read("a", calm) : collected(store.list(calm))
    expect((await errorOf(call)).code).toBe("NOT_FOUND")
    const reads = [1, 2, 3].map(async () => await errorOf(store.read("a", calm)))
    await eventually(() => expect(going).toBe(4))
    open.fail(missing)
    expect((await Promise.all(reads)).map(({ code }) => code)).toEqual(Array(3).fill("NOT_FOUND"))
  })

  it("go as soon as the first has a token, not when it is answered", async () => {
    const { server, store } = await scene()
    for (const name of ["one", "two"]) server.put(name, name)
    const answered = gate()
    server.faults.next({
      slow: answered.promise,
      match: ({ path, identity }) => path === "/secrets/one/" && identity !== undefined,
    })
    const one = store.read("one", calm)
    expect((await store.read("two", calm)).value).toBe("two")
    answered.open()
    expect((await one).value).toBe("one")
  })

  it("wait for one that hangs no longer than their own signal lets them", async () => {
    const { server, store } = await scene()
    server.put("two", "two")
    server.faults.next({ hang: true })
    const [first, second] = [new AbortController(), new AbortController()]
    const one = errorOf(store.read("one", { signal: first.signal }))
    const two = errorOf(store.read("two", { signal: second.signal }))
    await eventually(() => expect(server.log.count()).toBe(1))
    second.abort()
    expect((await two).code).toBe("ABORTED")
    first.abort()
    expect((await one).code).toBe("ABORTED")
    expect((await store.read("two", calm)).value).toBe("two")
  })

  it("never send a value before the vault has asked who they are, also after one that failed", async () => {
    const { server, store } = await scene()
    server.faults.next({ reset: true })
    server.faults.next({ status: 503 })
    expect((await errorOf(store.write("one", "value", calm))).code).toBe("UNAVAILABLE")
    expect((await errorOf(store.read("one", calm))).code).toBe("UNAVAILABLE")
    await Promise.all(["one", "two", "three"].map(async name => await store.write(name, "value", calm)))
    const without = server.log.requests.filter(({ authorised }) => !authorised)
    expect(without.map(({ bodyEmpty }) => bodyEmpty)).toEqual([true, true, true])
    expect(sent(server).map(([, bodyEmpty]) => bodyEmpty)).toEqual([false, false, false])
  })
})

describe("a program that starts", () => {
  it("reads a hundred secrets with one login and in ten waves of ten behind it", async () => {
    const { server, credential, store } = await scene()
    const names = Array.from({ length: 100 }, (_, index) => `name-n${index}`)
    for (const name of names) server.put(name, `value of ${name}`)
    // Without an overlap, or the versions before these would be looked for behind them.
    const secrets = new Secrets(store, { overlap: "0s", callTimeout: "15s", startupDeadline: "20s" })
    onTestFinished(async () => await secrets.close())

    const holdTen = () => {
      const held = gate()
      server.faults.next({ slow: held.promise, times: 10, match: ({ identity }) => identity !== undefined })
      return held
    }
    let wave = holdTen()
    const reading = secrets.getMany(Object.fromEntries(names.map(name => [name, name])))
    for (let waves = 1; waves <= 10; waves++) {
      // All ten are held, so that they are in flight at once.
      await eventually(() => expect(server.faults.waiting).toBe(0))
      expect(server.log.count(isWithToken)).toBe(10 * waves)
      const next = holdTen()
      wave.open()
      wave = next
    }
    const all = Object.entries(await reading)
    expect(all.every(([name, secret]) => secret.reveal() === `value of ${name}`)).toBe(true)
    expect([server.log.count(), server.log.count(isWithToken), credential.calls]).toEqual([101, 100, 1])
    expect(server.log.mostInFlight()).toBe(10)
  })
})
