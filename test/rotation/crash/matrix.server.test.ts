import { testColumn } from "./tests-of-column.ts"

// Both need a server: "vault", "localstack".
testColumn("vault", "all")
testColumn("localstack", "a tenth")
