import { casesOf } from "../servers/cases.ts"
import { awsBench, awsColumn } from "./backends/aws.ts"
import { runColumn } from "./matrix/run.ts"

casesOf({ backend: "aws", server: "localstack", kind: "fault" }, server => {
  runColumn(awsColumn, async needs => await awsBench(server, needs))
})
