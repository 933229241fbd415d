import {
  defineStore,
  SecretError,
  type SecretInfo,
  type StoreWith,
  type VersionInfo,
} from "../../src/core/index.ts"
import { Connection } from "./connection.ts"
import { gcpErrors } from "./errors.ts"
import { gcpNames, idIn, ResourceNames, versionIn } from "./names.ts"
import { newSecret } from "./new-secret.ts"
import { checkOptions, type GcpOptions, locationOf } from "./options.ts"
import { damaged, payloadOf, VALUES, valueIn } from "./payload.ts"
import { gcpLedger } from "./rotation/ledger.ts"
import { dateOf, type GcpCallOptions, type GcpClient, type GcpPage, type GcpSecret } from "./sdk.ts"
import { findIdentity } from "./session.ts"
import { writeVersion } from "./write.ts"

/** The secret that nobody has, by which is asked whether the service would answer. */
const PING = "latchkey--ping"
/** How many entries are asked for at once; the service allows 25,000 (reference of `projects.secrets.list`). */
const PAGE = 1_000

/**
 * Secrets in Google Secret Manager, global or of one region. A secret's versions are numbers; the current one is
 * `latest`, the one that was made last, or the one that an alias names.
 *
 * Nothing is loaded or asked before the first call.
 *
 * @throws SecretError `MISCONFIGURED` for options that do not exist, are wrong, or do not go together
 */
export function gcp(options: GcpOptions): StoreWith<"write" | "list" | "versions" | "delete" | "rotation"> {
  const { project, location, version: current = "latest", prefix, rename } = checkOptions(options)
  const resources = new ResourceNames(project, location)
  const connection = new Connection(() => findIdentity(options))
  const alias = current === "latest" ? undefined : current
  const isUnchecked = options.insecure === true || options.client !== undefined
  const made = newSecret(options)
  const writing = { connection, resources, alias, made, unfilled: new Map() }
  const place = locationOf(options)
  const ledger = gcpLedger({ location: place, connection, resources, alias, made, isUnchecked })

  const access = async (id: string, version: string, signal: AbortSignal) => {
    const name = resources.version(id, version)
    const [answer] = await connection.call(signal, (client, options) =>
      client.accessSecretVersion({ name }, options),
    )
    return answer
  }

  async function* pages<T>(
    signal: AbortSignal,
    ask: (client: GcpClient, pageToken: string, options: GcpCallOptions) => Promise<GcpPage<T>>,
  ): AsyncGenerator<T> {
    let pageToken = ""
    do {
      const [items, , answer] = await connection.call(signal, (client, options) =>
        ask(client, pageToken, options),
      )
      yield* items
      pageToken = answer?.nextPageToken ?? ""
    } while (pageToken !== "")
  }

  return defineStore({
    kind: "gcp",
    location: place,
    names: gcpNames,
    naming: { prefix, rename },
    errors: gcpErrors,
    values: VALUES,
    capabilities: {
      preconditions: { absent: true, version: false },
      versionedReads: true,
      batchSize: 1,
      binary: true,
      expiry: false,
      softDelete: false,
      local: false,
    },
    async read(id, { version, signal }) {
      // An alias would be answered, with another version than the one that was asked for.
      if (version !== undefined && !/^[1-9]\d{0,18}$/.test(version)) {
        throw new SecretError("NOT_FOUND", {
          message: "there is no such version",
          hint: "the versions of Secret Manager are numbers",
        })
      }
      const answer = await access(id, version ?? current, signal)
      const number = versionIn(answer.name, id)
      if (number === undefined || (version !== undefined && version !== number))
        throw damaged("the answer is not about the version that was asked for")
      return { value: await valueIn(answer, isUnchecked), version: number }
    },
    async write(id, value, { expect, signal }) {
      const payload = await payloadOf(value)
      return await writeVersion(writing, id, payload, { absent: expect === "absent", signal })
    },
    async *list({ under, signal }) {
      const { parent } = resources
      // Looks for a part of the name, so it only saves pages; what is no plain word might be read as an operator.
      const filter = under !== undefined && /^[a-z]/.test(under) ? `name:${under}` : ""
      const secrets = pages<GcpSecret>(signal, (client, pageToken, options) =>
        client.listSecrets({ parent, pageSize: PAGE, pageToken, filter }, options),
      )
      for await (const secret of secrets) {
        const info = infoOf(secret)
        if (info !== undefined) yield info
      }
    },
    async *versions(id, { signal }) {
      const parent = resources.secret(id)
      const aliased = alias === undefined ? undefined : await numberOf(connection, parent, alias, signal)
      const versions = pages(signal, (client, pageToken, options) =>
        client.listSecretVersions({ parent, pageSize: PAGE, pageToken }, options),
      )
      let newest: string | undefined
      for await (const { name, state, createTime } of versions) {
        const version = versionIn(name, id)
        if (version === undefined) continue
        newest ??= version
        yield {
          version,
          current: version === (alias === undefined ? newest : aliased),
          // The SDK says it by name, a client of one's own perhaps by number.
          readable: state === "ENABLED" || state === 1,
          ...dated(createTime),
        } satisfies VersionInfo
      }
      if (newest === undefined) throw new SecretError("NOT_FOUND", { message: "the secret has no versions" })
    },
    async delete(id, { signal }) {
      const name = resources.secret(id)
      await connection.call(signal, (client, options) => client.deleteSecret({ name }, options))
    },
    rotation: () => ledger,
    async ping({ signal }) {
      try {
        await access(PING, "latest", signal)
      } catch (thrown) {
        // Any answer about this name is one to somebody who was let in; the table tells it from one about the project.
        const code = gcpErrors(thrown, "ping")?.code
        if (code !== "NOT_FOUND" && code !== "DENIED" && code !== "DISABLED") throw thrown
      }
    },
    async close() {
      await connection.close()
    },
  })
}

async function numberOf(
  connection: Connection,
  name: string,
  alias: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [{ versionAliases }] = await connection.call(signal, (client, options) =>
    client.getSecret({ name }, options),
  )
  const number = versionAliases?.[alias]
  return number === undefined ? undefined : String(number)
}

function infoOf({ name, createTime, expireTime, labels }: GcpSecret): SecretInfo | undefined {
  const id = idIn(name)
  if (id === undefined) return undefined
  const expiresAt = dateOf(expireTime)
  return { name: id, ...dated(createTime), ...(expiresAt && { expiresAt }), ...(labels && { labels }) }
}

function dated(time: GcpSecret["createTime"]): { createdAt?: Date } {
  const createdAt = dateOf(time)
  return createdAt === undefined ? {} : { createdAt }
}
