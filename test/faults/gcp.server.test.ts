import { casesOf } from "../servers/cases.ts"
import { gcpBench, gcpColumn } from "./backends/gcp.ts"
import { runColumn } from "./matrix/run.ts"

casesOf({ backend: "gcp", server: "gcp stand-in", kind: "fault" }, () => {
  runColumn(gcpColumn, gcpBench)
})
