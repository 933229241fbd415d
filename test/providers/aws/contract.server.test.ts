import { testStore } from "latchkey/testing"
import { describe, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import { awsHarness } from "./harness.ts"

for (const server of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server, kind: "contract" }, running =>
    testStore("aws", () => awsHarness(running), { describe, it }),
  )
}
