import { join } from "node:path"
import { goInstallation } from "../install/index.ts"
import type { Definition } from "./definition.ts"
import { ask, text } from "./http.ts"

/** The proxy that makes bad days. */
export const toxiproxy: Definition<"toxiproxy"> = {
  name: "toxiproxy",
  version: "2.12.0",
  installation: goInstallation({
    name: "toxiproxy",
    version: "2.12.0",
    main: "github.com/Shopify/toxiproxy/v2/cmd/server",
    link: "-X github.com/Shopify/toxiproxy/v2.Version=2.12.0",
    small: true,
  }),
  docker: {
    port: 8474,
    sharesNetwork: true,
    server: (host, port) => ({ name: "toxiproxy", version: "2.12.0", url: `http://${host}:${port}` }),
  },
  launch: ({ installed, port }) => ({
    command: join(installed, "toxiproxy"),
    args: ["-host", "127.0.0.1", "-port", String(port)],
    printsReady: false,
    server: () => ({ name: "toxiproxy", version: "2.12.0", url: `http://127.0.0.1:${port}` }),
  }),
  async health({ url }) {
    const answer = await ask(`${url}/version`)
    return answer?.status === 200 ? { version: text(answer.body, "version") } : undefined
  },
}
