import { casesOf } from "../servers/cases.ts"
import { azureBench, azureColumn } from "./backends/azure.ts"
import { runColumn } from "./matrix/run.ts"

casesOf({ backend: "azure", server: "azure stand-in", kind: "fault" }, () => {
  runColumn(azureColumn, azureBench)
})
