import { testLedger } from "latchkey/testing"
import { framework } from "../../support/framework.ts"
import { ledgerHarness } from "./rotation-harness.ts"

testLedger("dotenv", async () => await ledgerHarness(), framework)
testLedger("dotenv of two files", async () => await ledgerHarness("MORE=2\n"), framework)
