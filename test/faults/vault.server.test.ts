import { casesOf } from "../servers/cases.ts"
import { prepareVault, vaultBench, vaultColumn } from "./backends/vault.ts"
import { linkThrough, runColumn } from "./matrix/run.ts"

for (const name of ["vault", "openbao"] as const) {
  casesOf({ backend: "vault", server: name, kind: "fault" }, async server => {
    const place = await prepareVault(server)
    const link = await linkThrough("toxiproxy")
    runColumn(vaultColumn, link, async needs => await vaultBench(place, needs))
  })
}
