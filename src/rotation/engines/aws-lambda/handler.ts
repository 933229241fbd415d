import {
  type Clock,
  type Duration,
  errorAbout,
  isSecretError,
  misconfigured,
  parseDuration,
  refuseUnknownOptions,
  systemClock,
} from "../../../core/index.ts"
import { checkPlan } from "../../check-plan.ts"
import { RotationEvents, type RotationListener } from "../../events.ts"
import type { Rotation } from "../../options.ts"
import type { RotationPlan } from "../../plan.ts"
import { leastLease } from "../../terms.ts"
import { doErrand, type FunctionReport } from "./errands.ts"
import { isOfTheService, readEvent } from "./event.ts"
import type { ManagedRotation } from "./service.ts"
import { doStep } from "./steps.ts"
import type { Household, Planned } from "./work.ts"

/** How a secret is rotated by a function: its plan, or that with the scopes of new credentials. */
export type ManagedPlan = RotationPlan | Pick<Rotation, "plan" | "scopes">

/** What can be set of the engine, beside how the service is reached. */
export interface HandlerOptions {
  /** How long one call to the store may take. Default: `"10s"`. */
  readonly callTimeout?: Duration | undefined
  /** Hears of every step. One that throws harms nobody. */
  readonly listener?: RotationListener | undefined
  /** The source of time. Default: the machine's clock. Where the service's answers tell the time, that decides. */
  readonly clock?: Clock | undefined
}

/** The options of {@link HandlerOptions}, for whoever takes more of them. */
export const HANDLER_OPTIONS: readonly (keyof HandlerOptions)[] = ["callTimeout", "listener", "clock"]

/** What Lambda tells a function of the time that it has. */
export interface LambdaContext {
  getRemainingTimeInMillis?(): number
}

/** A function as Lambda calls it. */
export type LambdaHandler = (event: unknown, context?: LambdaContext) => Promise<FunctionReport | undefined>

/** How long before its end a function stops what it does, in milliseconds: so that it says what it was at. */
const LEAVE = 3_000

/**
 * The function that AWS Secrets Manager calls to rotate secrets, on a service that is ready.
 *
 * @throws SecretError `MISCONFIGURED` for a plan with which a rotation would go wrong, or that this engine cannot follow
 */
export function managedHandler(
  service: ManagedRotation,
  plans: Readonly<Record<string, ManagedPlan>>,
  { callTimeout = "10s", listener, clock = systemClock }: HandlerOptions,
): LambdaHandler {
  const events = new RotationEvents()
  if (listener !== undefined) events.on(listener)
  const household: Household = {
    service,
    events,
    clock,
    callTimeout: parseDuration(callTimeout, "callTimeout"),
  }
  const planned = plannedBy(service, plans, household)
  return async (event, context) => {
    const read = readEvent(event)
    const leaving = new AbortController()
    const remaining = context?.getRemainingTimeInMillis?.()
    const timer =
      remaining === undefined
        ? undefined
        : clock.timer("background", Math.max(0, remaining - LEAVE), () => leaving.abort())
    const errand = { me: globalThis.crypto.randomUUID(), signal: leaving.signal }
    try {
      if (!isOfTheService(read)) return await doErrand(read, planned, household, errand)
      const { RotationToken: rotationToken } = read
      await doStep(read, name => planned.get(name), household, { ...errand, rotationToken })
      return undefined
    } finally {
      timer?.clear()
    }
  }
}

function plannedBy(
  service: ManagedRotation,
  plans: Readonly<Record<string, ManagedPlan>>,
  { callTimeout }: Household,
): ReadonlyMap<string, Planned> {
  if (typeof plans !== "object" || plans === null || Array.isArray(plans)) {
    throw misconfigured(
      "the plans of rotationHandler() are no object",
      'write rotationHandler({ "db/password": postgresPassword({ … }) })',
    )
  }
  const store = service.store()
  const planned = new Map<string, Planned>()
  for (const [given, managed] of Object.entries(plans)) {
    const name = store.canonical(given)
    const about = (thrown: unknown): unknown => (isSecretError(thrown) ? errorAbout(thrown, name) : thrown)
    try {
      if (planned.has(name)) throw misconfigured("there are two plans for it", "write each secret once")
      const { plan, scopes = [] } = partsOf(managed)
      checkPlan(name, plan, { lease: Number.POSITIVE_INFINITY })
      checkPlan(name, plan, { lease: leastLease(plan, callTimeout) })
      if (plan.kind === "generated" && plan.publish !== undefined) {
        throw misconfigured(
          "the plan publishes a key before it is used, and the service's four steps wait for nothing",
          "rotate this secret with a Rotator, or by latchkey rotate",
        )
      }
      planned.set(name, { name, plan, scopes })
    } catch (thrown) {
      throw about(thrown)
    }
  }
  return planned
}

function partsOf(managed: ManagedPlan): Pick<Rotation, "plan" | "scopes"> {
  if (typeof managed !== "object" || managed === null || !("plan" in managed)) return { plan: managed }
  refuseUnknownOptions("a rotation by the service, which has its own schedule,", managed, ["plan", "scopes"])
  const { scopes = [] } = managed
  if (!Array.isArray(scopes) || !scopes.every(scope => typeof scope === "string" && scope !== ""))
    throw misconfigured("scopes is no list of texts", 'write scopes: ["forms:read"]')
  return managed
}
