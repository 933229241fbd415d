import { join } from "node:path"
import { ask, text } from "../definitions/http.ts"
import { type Definition, type Definitions, definitions } from "../definitions/index.ts"
import type { Installation } from "../install/index.ts"
import { serversFolder } from "../system/place.ts"

/** How the fake server behaves; see `fake/server.ts`. */
export type Behaviour = "well" | "dies" | "silent" | "stubborn"

/** What stands for moto in tests of what starts servers. */
export interface Fake {
  readonly behaviour?: Behaviour
  readonly installation?: Installation
  /** Whether there is an image of it. Default: no. */
  readonly image?: boolean
}

/** The project's servers, with a small program in the place of moto. */
export function fakeDefinitions({ behaviour = "well", installation, image = false }: Fake = {}): Definitions {
  const server = (url: string) => ({ ...KEYS, name: "moto", version: "unknown", url }) as const
  const moto: Definition<"moto"> = {
    name: "moto",
    version: "0.0.0",
    ...(installation && { installation }),
    ...(image && { docker: { port: 5000, server: (host, port) => server(`http://${host}:${port}`) } }),
    launch: ({ port }) => ({
      command: process.execPath,
      args: [join(serversFolder, "fake", "server.ts"), String(port), behaviour],
      printsReady: true,
      server: ready => server(`http://127.0.0.1:${ready.port}`),
    }),
    async health({ url }) {
      const answer = await ask(url)
      return answer?.status === 200 ? { version: text(answer.body, "version") } : undefined
    },
  }
  return { ...definitions, moto }
}

const KEYS = { region: "eu-west-1", accessKeyId: "test", secretAccessKey: "test" } as const
