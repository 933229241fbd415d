import { testColumn } from "./tests-of-column.ts"

testColumn("dotenv", "all")
testColumn("azure", "a tenth")
testColumn("gcp-alias", "a tenth")
testColumn("gcp-latest", "a tenth")
