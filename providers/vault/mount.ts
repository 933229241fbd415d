import { misconfigured } from "../../src/core/index.ts"
import type { AskServer, Connection } from "./connection.ts"
import { VaultFailure } from "./failure.ts"
import { fieldsOf, textOf } from "./json.ts"
import { encoded } from "./names.ts"

/**
 * Asks the server which version of the key-value engine is at a mount. Everybody may ask who may do anything there
 * (`sys/internal/ui/mounts/<mount>`, which the command line asks, too).
 *
 * @throws SecretError `MISCONFIGURED` if there is another engine, or the mount ends before the path does; VaultFailure
 */
async function versionAt(ask: AskServer, mount: string, signal: AbortSignal): Promise<1 | 2> {
  const { json } = await ask("GET", `sys/internal/ui/mounts/${encoded(mount)}`, signal)
  const { type, options, path } = fieldsOf(json.data) ?? {}
  if (textOf(type) === undefined) throw new VaultFailure({ status: 200, reason: "odd-answer" })
  if (type !== "kv" && type !== "generic")
    throw misconfigured(
      "the engine at the mount is not the key-value engine",
      "name the mount of a key-value engine; credentials with a lease are read with leases=true",
    )
  // The server answers for any path below a mount.
  if (typeof path === "string" && path !== `${mount}/` && `${mount}/`.startsWith(path)) {
    const prefix = mount.slice(path.length)
    const [first = "", ...rest] = prefix.split("/")
    if (fieldsOf(options)?.version === "2" && /^(?:data|metadata)$/.test(first)) {
      const below =
        rest.length === 0 ? "" : `, and write prefix=${rest.join("/")} for what is below ${prefix}/`
      throw misconfigured(
        `the mount ends before /${first}, which stands in paths of the server's API only`,
        `the mount is ${path.slice(0, -1)}: name that${below}`,
      )
    }
    throw misconfigured(
      "the mount ends before this path does",
      `the mount is ${path.slice(0, -1)}: name that, and write prefix=${prefix} for what is below ${prefix}/`,
    )
  }
  return type === "kv" && fieldsOf(options)?.version === "2" ? 2 : 1
}

/**
 * Which version of the key-value engine is at a mount, as the server says.
 *
 * @throws SecretError `MISCONFIGURED` as {@link versionAt} does, and if there is no such mount as far as this identity may
 * see; VaultFailure
 */
export async function kvVersionAt({ ask }: Connection, mount: string, signal: AbortSignal): Promise<1 | 2> {
  return await versionAt(ask, mount, signal).catch(thrown => {
    if (!(thrown instanceof VaultFailure) || thrown.status !== 403 || thrown.stage !== "call") throw thrown
    throw misconfigured(
      "there is no such mount, or this identity may do nothing there",
      /.\/(?:meta)?data$/.test(mount)
        ? "leave out what the mount ends in, if it is not part of it: /data and /metadata stand in paths of the API only"
        : "see vault secrets list for the mount, or say which version it is: kv=2",
    )
  })
}

/**
 * A connection to an engine that was said to be of version 2. One of version 1 takes `data/…` for the name of a secret like
 * any other: it would keep a value there, and say of every other name that there is nothing. So the server is asked, once,
 * before it is first told to change something, and before it is first believed that something is not there.
 */
export function seeingVersion2({ ask, ...connection }: Connection, mount: string): Connection {
  const sure = sureOf(2, { ask, ...connection }, mount)
  return {
    ...connection,
    async ask(method, path, signal, body) {
      if (method !== "GET") await sure(signal)
      try {
        return await ask(method, path, signal, body)
      } catch (thrown) {
        if (isNothing(thrown)) await sure(signal)
        throw thrown
      }
    },
  }
}

/** Paths that an engine of version 2 has, and that are names of secrets in one of version 1. */
const OF_VERSION_2 = /(?:^|\/)(?:meta)?data(?:\/|$)/

/**
 * A connection to an engine that was said to be of version 1. One of version 2 says itself that it is not, but where the
 * mount or the name was written with the `data` of the server's API: there it gives the value in a wrapping of its own, and
 * deletes one version of it. So the server is asked, once, before anything is done at such a path.
 */
export function seeingVersion1({ ask, ...connection }: Connection, mount: string): Connection {
  const sure = sureOf(1, { ask, ...connection }, mount)
  return {
    ...connection,
    async ask(method, path, signal, body) {
      if (!OF_VERSION_2.test(path)) return await ask(method, path, signal, body)
      const known = await sure(signal)
      const answer = await ask(method, path, signal, body)
      if (!known && isWrapped(fieldsOf(answer.json.data)))
        throw new VaultFailure({ status: 200, reason: "versioned-mount" })
      return answer
    },
  }
}

/** Whether a map is what an engine of version 2 gives for a secret, or tells about one. */
function isWrapped(map: Readonly<Record<string, unknown>> | undefined): boolean {
  if (map === undefined) return false
  if ("current_version" in map && "versions" in map && "max_versions" in map) return true
  const about = fieldsOf(map.metadata)
  return "data" in map && about !== undefined && "created_time" in about && "destroyed" in about
}

/**
 * Makes sure, once, that an engine is of the version that was said.
 *
 * @returns whether the server has said so; who may not ask goes on with what was said.
 */
function sureOf(
  version: 1 | 2,
  { ask, works }: Pick<Connection, "ask" | "works">,
  mount: string,
): (signal: AbortSignal) => Promise<boolean> {
  let seen: boolean | undefined
  const together = works.together<boolean>("lookup")
  const look = async (signal: AbortSignal): Promise<boolean> => {
    try {
      if ((await versionAt(ask, mount, signal)) !== version)
        throw new VaultFailure({
          status: 200,
          reason: version === 2 ? "unversioned-mount" : "versioned-mount",
        })
      seen = true
    } catch (thrown) {
      if (!(thrown instanceof VaultFailure)) throw thrown
      const { stage, status = 0 } = thrown
      const mayNotAsk = stage === "call" && status >= 400 && status < 500 && status !== 429
      if (!mayNotAsk) throw new VaultFailure({ ...thrown, notSent: true })
      seen = false
    }
    return seen
  }
  return async signal => seen ?? (await together("version", look, signal))
}

/** Whether the server says that something is not there. */
function isNothing(thrown: unknown): boolean {
  if (!(thrown instanceof VaultFailure)) return false
  return thrown.status === 404 && thrown.reason === undefined && thrown.deleted === undefined
}
