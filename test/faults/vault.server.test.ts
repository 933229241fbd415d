import { casesOf } from "../servers/cases.ts"
import { prepareVault, vaultBench, vaultColumn } from "./backends/vault.ts"
import { runColumn } from "./matrix/run.ts"

for (const name of ["vault", "openbao"] as const) {
  casesOf({ backend: "vault", server: name, kind: "fault" }, async server => {
    const prepared = await prepareVault(server)
    runColumn(vaultColumn, {
      makeBench: async link => await vaultBench(server, prepared, link),
      link: new Error("later"),
    })
  })
}
