import { aws } from "latchkey/aws"
import { describe, expect, test } from "vitest"

const ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Prod/Db-AbCdEf"
const store = aws({ region: "eu-west-1" })

describe("names", () => {
  test.for([
    "tally/api-token",
    "Prod/Db_Password",
    "rds!cluster-0b1c2d3e",
    "a+b=c@d.e",
    "prod-abcdef",
    "tally/client-secret",
    "x".repeat(512),
    ARN,
    "arn:aws-us-gov:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf",
  ])("%s is one that the service holds", name => {
    expect(store.canonical(name)).toBe(name)
  })

  test("cases are told apart", () => {
    expect(store.canonical("Tally/Api-Token")).not.toBe(store.canonical("tally/api-token"))
  })

  test.for([
    "a b",
    "a#b",
    "ключ",
    "a:b",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Prod/Db",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Prod/Db-AbCdEf7",
    "arn:aws:ssm:eu-west-1:123456789012:parameter/a-AbCdEf",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:Prod/Db-AbCdEf",
  ])("%s is refused with the rule", name => {
    expect(() => store.canonical(name)).toThrow(/INVALID_NAME.*whole ARN of eu-west-1/)
  })

  test("an ARN of any region is taken where the region is not known yet", () => {
    const elsewhere = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf"
    expect(aws().canonical(elsewhere)).toBe(elsewhere)
    expect(() => aws().canonical("arn:aws:secretsmanager:us-east-1:123456789012:secret:a")).toThrow(
      "whole ARN",
    )
  })

  test("a secret of another account has a portable name by rename, and a partial ARN is refused there, too", () => {
    const renamed = aws({ region: "eu-west-1", prefix: "prod", rename: { "db/password": ARN } })
    expect(renamed.canonical("db/password")).toBe("db/password")
    expect(renamed.canonical(ARN)).toBe("db/password")
    expect(() => aws({ region: "eu-west-1", rename: { db: ARN.slice(0, -7) } })).toThrow("MISCONFIGURED")
  })
})
