import {
  type CallOptions,
  isSecretError,
  nameMap,
  rebuild,
  SecretError,
  type SecretStore,
} from "../../src/core/index.ts"
import { storeOn } from "./aws.ts"
import { labelOff } from "./candidates.ts"
import { connection } from "./client.ts"
import { awsErrors } from "./errors.ts"
import { isNamed } from "./failure.ts"
import { awsNames, placeByArn } from "./names.ts"
import { type AwsOptions, CURRENT, checkOptions } from "./options.ts"
import {
  describe,
  labelsOf,
  managedLedger,
  managedRotationId,
  refuseUnfit,
  tokenOfRotation,
} from "./rotation/index.ts"

/** A secret that the service rotates, as its rotation function finds it. */
export interface AwsManagedSecret {
  /** What it is called here; `undefined` if it is out of the reach of the prefix. */
  readonly name: string | undefined
  /** What the service calls it. */
  readonly ownName: string
  /** Where the service has it. */
  readonly place: string
  /** The labels of the version that was asked for; none if there is no such version. */
  readonly labels: readonly string[]
}

/** What a rotation function that the service calls needs of it. */
export interface AwsManagedRotation {
  readonly location: string
  /**
   * The secrets, with a ledger of rotations whose candidate is the version that the service has begun. Its `rotation()`
   * knows by the ids of rotations which those are: {@link rotationId} makes them.
   *
   * @param rotationToken what the service gave to a function that works for another account.
   */
  store(rotationToken?: string): SecretStore & Required<Pick<SecretStore, "rotation">>
  /**
   * Looks at a secret, and at one version of it.
   *
   * @param secretId its name or ARN, as the service calls it.
   * @throws SecretError `MISCONFIGURED` or `UNSUPPORTED` for a secret that is not rotated by the service, or cannot be;
   * `NOT_FOUND`; what a read throws.
   */
  look(secretId: string, options: CallOptions & { readonly token: string }): Promise<AwsManagedSecret>
  /** Takes AWSPENDING off a version, if it is there: without that the service takes its rotation for unfinished. */
  finish(ownName: string, options: CallOptions & { readonly token: string }): Promise<void>
  /** The id of a rotation that the service has begun under a token. */
  rotationId(token: string, claimSeq: number, attempt: number): string
  /** The token in such an id; `undefined` for a rotation that the service has not begun. */
  tokenOf(rotationId: string): string | undefined
  /** Ends what is under way. */
  close(): Promise<void>
}

/**
 * AWS's own rotation, for the function that it calls: `latchkey/aws-rotation` is made of it.
 *
 * @throws SecretError as `aws()` does
 */
export function awsManagedRotation(options: AwsOptions = {}): AwsManagedRotation {
  const checked = checkOptions(options)
  const { location, naming, region, stage } = checked
  if (stage !== CURRENT) {
    throw new SecretError("MISCONFIGURED", {
      store: location,
      message: "a rotation works on all stages of a secret",
      hint: "leave stage out",
    })
  }
  const way = connection(checked)
  const names = nameMap(awsNames(region), naming, location)

  const rebuilt = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (thrown) {
      throw rebuild(
        thrown,
        { store: location },
        isSecretError(thrown) ? undefined : awsErrors(thrown, "rotation.check"),
      )
    }
  }

  return {
    location,
    store: rotationToken =>
      storeOn(way, checked, () => managedLedger(way, checked, rotationToken)) as SecretStore &
        Required<Pick<SecretStore, "rotation">>,
    look: async (secretId, { token, signal }) =>
      await rebuilt(async () => {
        const described = await describe(way.call, secretId, signal)
        if (described === undefined) {
          const hint = "see the region, and the account of the function"
          throw new SecretError("NOT_FOUND", { secret: secretId, hint })
        }
        const ownName = described.Name
        refuseUnfit(ownName, described, "the service")
        const labels = labelsOf(described, token)
        return { name: names.toListed(ownName), ownName, place: placeByArn(described.ARN ?? ownName), labels }
      }),
    finish: async (ownName, { token, signal }) =>
      await rebuilt(async () => {
        try {
          await way.call("UpdateSecretVersionStage", labelOff(ownName, "AWSPENDING", token), signal)
        } catch (thrown) {
          if (!isNamed(thrown, "InvalidParameterException")) throw thrown
        }
      }),
    rotationId: managedRotationId,
    tokenOf: tokenOfRotation,
    close: way.close,
  }
}
