import { Server } from "@grpc/grpc-js"
import { Access } from "./access.ts"
import { handlers } from "./calls.ts"
import { listen } from "./connections.ts"
import { FaultQueue } from "./faults.ts"
import { KnownIdentities } from "./identities.ts"
import { secretManagerService } from "./protos.ts"
import { WrittenLog } from "./request-log.ts"
import { type Secret, State, type Version } from "./state.ts"
import { etagOf } from "./time.ts"
import type { GcpOptions, GcpServer } from "./types.ts"

/** Starts a Secret Manager. */
export async function startGcp(options: GcpOptions = {}): Promise<GcpServer> {
  const state = new State(options)
  const access = new Access(state)
  const identities = new KnownIdentities(options.identities)
  const faults = new FaultQueue()
  const log = new WrittenLog()
  let latencyMs = options.latencyMs ?? 0

  const server = new Server()
  server.addService(
    secretManagerService(),
    handlers({
      state,
      access,
      identities,
      faults,
      log,
      connections: () => connections,
      latencyMs: () => latencyMs,
    }),
  )
  const connections = await listen(server, options.port ?? 0, options.tls ?? false)

  const secretNamed = (name: string): Secret => state.get(state.addressed(name))
  const versionNamed = (name: string, number: string | undefined): Version => {
    const { versions } = secretNamed(name)
    const found =
      number === undefined ? versions.at(-1) : versions.find(version => String(version.number) === number)
    if (found === undefined) throw new Error(`${name} has no version ${number ?? "at all"}`)
    return found
  }
  const madeSecret = (name: string): Secret => {
    const address = state.addressed(name)
    return state.find(address) ?? state.create(address, {})
  }

  return {
    host: "127.0.0.1",
    port: connections.port,
    address: `127.0.0.1:${connections.port}`,
    project: state.project,
    projectNumber: state.projectNumber,
    ca: connections.ca,
    log,
    faults,
    identities,
    get latencyMs() {
      return latencyMs
    },
    set latencyMs(milliseconds) {
      latencyMs = milliseconds
    },
    get serviceDisabled() {
      return access.serviceDisabled
    },
    set serviceDisabled(disabled) {
      access.serviceDisabled = disabled
    },
    put: (name, value) =>
      String(state.addVersion(madeSecret(name), Buffer.from(value as Uint8Array), false).number),
    remove: name => state.delete(secretNamed(name)),
    disable: (name, version) => state.changeVersion(versionNamed(name, version), "DISABLED"),
    enable: (name, version) => state.changeVersion(versionNamed(name, version), "ENABLED"),
    destroy: (name, version) => state.changeVersion(versionNamed(name, version), "DESTROYED"),
    removeVersions: name => void madeSecret(name).versions.splice(0),
    aliases(name, aliases) {
      const secret = secretNamed(name)
      secret.aliases = Object.fromEntries(
        Object.entries(aliases).map(([alias, version]) => [alias, String(version)]),
      )
      secret.etag = etagOf(state.clock.tick())
    },
    annotations: name => secretNamed(name).annotations,
    annotate(name, key, text) {
      const secret = madeSecret(name)
      secret.annotations = { ...secret.annotations, [key]: text }
      secret.etag = etagOf(state.clock.tick())
    },
    holdBack: name => state.holdBack(state.addressed(name)),
    deny: (name, ...permissions) => access.deny(state.secretNameOf(state.addressed(name)), permissions),
    allow: name => access.allow(state.secretNameOf(state.addressed(name))),
    held: name =>
      (state.find(state.addressed(name))?.versions ?? [])
        .map(version => ({ version: String(version.number), state: version.state, value: version.data }))
        .toReversed(),
    secrets: () => state.secretsIn(`projects/${state.projectNumber}`).map(({ id }) => id),
    advance: milliseconds => state.clock.advance(milliseconds),
    cut: () => connections.cutAll(),
    close: async () => await connections.close(),
  }
}
