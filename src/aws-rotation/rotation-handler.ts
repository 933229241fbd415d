import { type AwsOptions, awsManagedRotation } from "../../providers/aws/index.ts"
import {
  HANDLER_OPTIONS,
  type HandlerOptions,
  type LambdaHandler,
  type ManagedPlan,
  managedHandler,
} from "../rotation/engines/aws-lambda/index.ts"

/** The options of {@link rotationHandler}: those of `aws()`, and the engine's own. */
export interface RotationHandlerOptions extends AwsOptions, HandlerOptions {}

/**
 * A Lambda function that AWS Secrets Manager calls to rotate secrets:
 *
 * ```ts
 * export const handler = rotationHandler({ "prod/db/password": postgresPassword({ … }) })
 * ```
 *
 * The service calls it with its four steps; each brings the rotation as far as it is to, may be repeated, and may come in
 * any order. The new credential is the version that has AWSPENDING, under the service's own token. What the service knows
 * no step for, the end of the old credential after the grace, is done by a schedule of yours that calls the same function
 * with `{ "latchkey": "retire" }`, once in the grace or more often; and before the next rotation begins.
 *
 * Where a rotation stands is written down in the secret `latchkey/rotation/<name>`, as for a `Rotator`.
 *
 * @param plans how each secret is rotated, by its name as `aws()` has it with these options: below the prefix.
 * @throws SecretError `MISCONFIGURED` for options or plans that are wrong. Called, it throws whatever keeps a step from its
 * end, and Secrets Manager then calls again. No error holds a value.
 */
export function rotationHandler(
  plans: Readonly<Record<string, ManagedPlan>>,
  options: RotationHandlerOptions = {},
): LambdaHandler {
  const own: Record<string, unknown> = {}
  const ofService: Record<string, unknown> = {}
  for (const [option, value] of Object.entries(options))
    ((HANDLER_OPTIONS as readonly string[]).includes(option) ? own : ofService)[option] = value
  return managedHandler(awsManagedRotation(ofService as AwsOptions), plans, own as HandlerOptions)
}
