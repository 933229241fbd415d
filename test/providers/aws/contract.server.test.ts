import { testStore } from "latchkey/testing"
import { expect, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import { framework } from "../../support/framework.ts"
import { awsHarness } from "./harness.ts"

/** In what a server differs from the service, and what a check ends with because of that. */
interface Difference {
  readonly why: string
  readonly failure: RegExp
}

type Differences = Readonly<Record<string, Difference>>

const NO_VERSIONS: Difference = {
  why: "ListSecretVersionIds answers 500 for a secret that is missing",
  failure:
    /^the versions of (?:a missing|the deleted) secret: failed with UNAVAILABLE, and NOT_FOUND was to come$/,
}
const NO_BYTES: Difference = {
  why: "PutSecretValue loses bytes",
  failure: /: bytes came back as text$/,
}

/**
 * Checks that fail because the server differs from the service. They are run, and must fail for that and nothing else:
 * when a server gets better, this says so.
 */
const DIFFERS: Readonly<Record<"localstack" | "moto", Differences>> = {
  localstack: {
    "gives bytes that are no text back unchanged, or refuses it": NO_BYTES,
    "gives a single byte that is no text back unchanged, or refuses it": NO_BYTES,
  },
  moto: {
    "says NOT_FOUND for the versions of a secret that is missing, where it can list them": NO_VERSIONS,
  },
}

/** The same where deletion is final, beside those above. */
const DIFFERS_FOR_GOOD: typeof DIFFERS = {
  localstack: {},
  moto: {
    "removes a secret with all its versions, unless it declares soft deletion, where it can delete":
      NO_VERSIONS,
  },
}

/** A framework for a server that does not answer everything as the service does. */
function frameworkFor(differs: Differences) {
  const itThere = (name: string, body: () => Promise<void>): void => {
    const difference = differs[name]
    if (difference === undefined) it(name, body)
    else
      it(`${name} (not here: ${difference.why})`, async () =>
        await expect(body()).rejects.toThrow(difference.failure))
  }
  return { ...framework, it: itThere }
}

for (const server of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server, kind: "contract" }, running => {
    testStore("aws", () => awsHarness(running), frameworkFor(DIFFERS[server]))
    testStore(
      "aws that deletes for good",
      () => awsHarness(running, { recoveryWindow: "none" }),
      frameworkFor({ ...DIFFERS[server], ...DIFFERS_FOR_GOOD[server] }),
    )
  })
}
