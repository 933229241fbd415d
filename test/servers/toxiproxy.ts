import { randomUUID } from "node:crypto"
import { type ICreateToxicBody, Toxiproxy } from "toxiproxy-node-client"
import { running } from "./running.ts"

/** A way to a server that can be made bad. Each harm stays until {@link ProxyTo.up}, and harms add up. */
export interface ProxyTo {
  readonly host: string
  readonly port: number
  /** `http://127.0.0.1:12345`: also right for a server that speaks TLS, with another scheme. */
  readonly url: string
  /** Refuses connections, and cuts those there are. */
  down(): Promise<void>
  /** Takes connections again, and ends all harm. */
  up(): Promise<void>
  /** Holds every answer back by so many milliseconds. */
  latency(milliseconds: number): Promise<void>
  /** Resets every connection that data passes. */
  reset(): Promise<void>
  /** Takes connections, and passes no request on. */
  hang(): Promise<void>
  /** Closes each connection once so many bytes of an answer have passed. */
  limit(bytes: number): Promise<void>
  /** Takes the proxy away. */
  close(): Promise<void>
}

/**
 * Makes a proxy to a server, on a free port of 127.0.0.1.
 *
 * @throws ServerUnavailable if toxiproxy is not to be had on this machine.
 */
export async function proxyTo(host: string, port: number): Promise<ProxyTo> {
  const server = await running("toxiproxy")
  const name = randomUUID()
  const upstream = `${host}:${port}`
  const proxy = await new Toxiproxy(server.url).createProxy({ name, listen: "127.0.0.1:0", upstream })
  const { listen } = proxy
  const toxics: string[] = []

  async function add(harm: Pick<ICreateToxicBody<object>, "type" | "stream" | "attributes">): Promise<void> {
    const toxic = await proxy.addToxic({ name: `${harm.type}-${toxics.length}`, toxicity: 1, ...harm })
    toxics.push(toxic.name)
  }
  return {
    host: "127.0.0.1",
    port: Number(listen.slice(listen.lastIndexOf(":") + 1)),
    url: `http://${listen}`,
    async down() {
      await proxy.update({ enabled: false, listen, upstream })
    },
    async up() {
      for (const toxic of toxics.splice(0)) await (await proxy.getToxic(toxic)).remove()
      await proxy.update({ enabled: true, listen, upstream })
    },
    latency: milliseconds =>
      add({ type: "latency", stream: "downstream", attributes: { latency: milliseconds, jitter: 0 } }),
    reset: () => add({ type: "reset_peer", stream: "downstream", attributes: { timeout: 0 } }),
    hang: () => add({ type: "timeout", stream: "upstream", attributes: { timeout: 0 } }),
    limit: bytes => add({ type: "limit_data", stream: "downstream", attributes: { bytes } }),
    close: () => proxy.remove(),
  }
}
