import { casesOf } from "../servers/cases.ts"
import { gcpBench, gcpColumn } from "./backends/gcp.ts"
import { linkThrough, runColumn } from "./matrix/run.ts"

casesOf({ backend: "gcp", server: "gcp stand-in", kind: "fault" }, async () => {
  runColumn(gcpColumn, await linkThrough("toxiproxy"), gcpBench)
})
