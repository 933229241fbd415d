import { join } from "node:path"
import { pythonInstallation } from "../install/index.ts"
import { serversFolder } from "../system/place.ts"
import type { AwsServer } from "../types.ts"
import type { Definition } from "./definition.ts"
import { ask, text } from "./http.ts"

const KEYS = { region: "eu-west-1", accessKeyId: "test", secretAccessKey: "test" } as const

/** LocalStack on this machine, with the three services that matter here. */
export const localstack: Definition<"localstack"> = {
  name: "localstack",
  version: "4.13.1",
  installation: pythonInstallation("localstack", "4.13.1"),
  docker: { port: 4566, server: (host, port) => server("localstack", "unknown", `http://${host}:${port}`) },
  launch: ({ installed, own, port }) => ({
    command: join(installed, "bin", "python"),
    args: ["-m", "localstack.runtime.main"],
    env: {
      FILESYSTEM_ROOT: own,
      SERVICES: "secretsmanager,sts,kms",
      STRICT_SERVICE_LOADING: "1",
      EAGER_SERVICE_LOADING: "1",
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      // No server for names, no certificate from afar, no news to anybody.
      DNS_ADDRESS: "0",
      SKIP_SSL_CERT_DOWNLOAD: "1",
      DISABLE_EVENTS: "1",
      // Its secrets are a dictionary without a lock: two requests at once now and then end in a 500.
      GATEWAY_WORKER_COUNT: "1",
    },
    printsReady: false,
    server: () => server("localstack", "4.13.1", `http://127.0.0.1:${port}`),
  }),
  async health({ url }) {
    const answer = await ask(`${url}/_localstack/health`)
    const services = answer?.body?.services as Readonly<Record<string, unknown>> | undefined
    const up = ["running", "available"].includes(String(services?.secretsmanager))
    return up ? { version: text(answer?.body, "version") } : undefined
  },
}

/** moto's server, a second opinion, which answers one request after the other. */
export const moto: Definition<"moto"> = {
  name: "moto",
  version: "5.2.3",
  installation: pythonInstallation("moto", "5.2.3"),
  docker: { port: 5000, server: (host, port) => server("moto", "5.2.3", `http://${host}:${port}`) },
  launch: ({ installed, port }) => ({
    command: join(installed, "bin", "python"),
    args: [join(serversFolder, "python", "moto_one_at_a_time.py"), "-H", "127.0.0.1", "-p", String(port)],
    printsReady: false,
    server: () => server("moto", "5.2.3", `http://127.0.0.1:${port}`),
  }),
  async health({ url }) {
    return (await ask(`${url}/moto-api/`))?.status === 200 ? {} : undefined
  },
}

function server(name: AwsServer["name"], version: string, url: string): AwsServer {
  return { name, version, url, ...KEYS }
}
