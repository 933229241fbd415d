import { type NameRule, pathNames } from "../../src/core/index.ts"

const NAME = /^[\w/+=.@!-]{1,512}$/
const WHOLE_ARN =
  /^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:[\w/+=.@!-]{1,512}-[A-Za-z0-9]{6}$/

/**
 * The names of Secrets Manager: portable names stand for themselves, cases are told apart ("CreateSecret" in the AWS
 * Secrets Manager API Reference; `!` stands in the names of secrets that other services of AWS manage). A secret of
 * another account has no name here, only its ARN.
 *
 * A partial ARN, without the last hyphen and six characters, is refused: the service guesses what it means, and a name
 * that itself ends in a hyphen and six characters makes it guess wrong. By name such secrets are safe, so
 * `tally/client-secret` is an ordinary name.
 *
 * @param region the region that ARNs must be of, if it is known: no other one is asked.
 */
export function awsNames(region: string | undefined): NameRule {
  const where = region === undefined ? "" : ` of ${region}`
  return pathNames({
    rule: `a name is up to 512 letters, digits and any of /_+=.@!-; or it is a whole ARN${where}, with the last "-" and six characters`,
    holds(native) {
      if (!isArn(native)) return NAME.test(native)
      const parts = WHOLE_ARN.exec(native)
      return parts !== null && (region === undefined || parts[1] === region)
    },
  })
}

/** Whether a name is an ARN, whole or not. */
export function isArn(native: string): boolean {
  return native.startsWith("arn:")
}

/**
 * Where the service has a secret, by its ARN without the six characters that it adds to the name. They are others when a
 * secret is deleted and made again, which nobody who runs would notice, and it is the place that labels are made from.
 */
export function placeByArn(arn: string): string {
  return arn.replace(/-[A-Za-z0-9]{6}$/, "")
}

/** Whether a text can be the id of a version at all: the service takes nothing shorter or longer than 32 to 64. */
export function isVersionId(version: string): boolean {
  return version.length >= 32 && version.length <= 64
}
