import { casesOf } from "../servers/cases.ts"
import { awsBench, awsColumn } from "./backends/aws.ts"
import { linkThrough, runColumn } from "./matrix/run.ts"

casesOf({ backend: "aws", server: "localstack", kind: "fault" }, async server => {
  runColumn(awsColumn, await linkThrough("toxiproxy"), async needs => await awsBench(server, needs))
})
