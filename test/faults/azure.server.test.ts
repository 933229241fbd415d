import { casesOf } from "../servers/cases.ts"
import { azureBench, azureColumn } from "./backends/azure.ts"
import { linkThrough, runColumn } from "./matrix/run.ts"

casesOf({ backend: "azure", server: "azure stand-in", kind: "fault" }, async () => {
  runColumn(azureColumn, await linkThrough("toxiproxy"), azureBench)
})
