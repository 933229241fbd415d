import { connect } from "node:net"
import { join } from "node:path"
import { serversFolder } from "../system/place.ts"
import type { AzureServer } from "../types.ts"
import type { Definition } from "./definition.ts"
import { ANSWERS_WITHIN, text } from "./http.ts"

/** The project's stand-in for Azure Key Vault. No image can stand for it: none has its switches for faults. */
export const azure: Definition<"azure"> = {
  name: "azure",
  version: "stand-in",
  launch: ({ port, own }) => ({
    ...program("azure", port, "--ca-file", join(own, "ca.pem")),
    server: ready => ({
      name: "azure",
      version: "stand-in",
      url: text(ready, "url") ?? "",
      ca: text(ready, "ca") ?? "",
      caFile: text(ready, "caFile") ?? "",
      token: text(ready, "token") ?? "",
      identity: ready.identity as AzureServer["identity"],
    }),
  }),
  async health({ url }) {
    const { hostname, port } = new URL(url)
    return (await accepts(hostname, Number(port))) ? {} : undefined
  },
}

/** The project's stand-in for Google Secret Manager. */
export const gcp: Definition<"gcp"> = {
  name: "gcp",
  version: "stand-in",
  launch: ({ port }) => ({
    ...program("gcp", port),
    server: ready => ({
      name: "gcp",
      version: "stand-in",
      address: text(ready, "address") ?? "",
      project: text(ready, "project") ?? "",
    }),
  }),
  async health({ address }) {
    const { hostname, port } = new URL(`http://${address}`)
    return (await accepts(hostname, Number(port))) ? {} : undefined
  },
}

function program(name: "azure" | "gcp", port: number, ...more: string[]) {
  return {
    command: process.execPath,
    args: [
      "--conditions=latchkey-source",
      join(serversFolder, name, "main.ts"),
      "--port",
      String(port),
      ...more,
    ],
    printsReady: true,
  } as const
}

async function accepts(host: string, port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect({ host, port, timeout: ANSWERS_WITHIN })
    const done = (well: boolean): void => {
      socket.destroy()
      resolve(well)
    }
    socket
      .once("connect", () => done(true))
      .once("timeout", () => done(false))
      .once("error", () => done(false))
  })
}
