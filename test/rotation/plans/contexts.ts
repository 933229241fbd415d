import type {
  ApplyContext,
  AwaitsContext,
  MakeContext,
  RotationPlan,
  StepContext,
} from "../../../src/rotation/plan.ts"
import { graceOf, propagationOf } from "../../../src/rotation/plan-times.ts"

/** What a Rotator gives to a step. */
export function stepContext(more: Partial<StepContext> = {}): StepContext {
  return {
    name: "auth/some-key",
    rotationId: "r1",
    fence: 1,
    signal: new AbortController().signal,
    ...more,
  }
}

/** What a Rotator gives to `create` and `mint`; nothing is in use unless it is said. */
export function makeContext(more: Partial<MakeContext> = {}): MakeContext {
  return {
    ...stepContext(),
    current: undefined,
    label: "latchkey-r1",
    scopes: [],
    grace: 0,
    propagation: 0,
    ...more,
  }
}

/** What a Rotator that keeps to the times of this plan gives to `create`. */
export function makeContextOf(plan: RotationPlan, more: Partial<MakeContext> = {}): MakeContext {
  return makeContext({ grace: graceOf(plan), propagation: propagationOf(plan), ...more })
}

/** What a Rotator gives to `apply`; nothing is in use unless it is said. */
export function applyContext(more: Partial<ApplyContext> = {}): ApplyContext {
  return { ...stepContext(), current: undefined, ...more }
}

/** What a Rotator gives to `awaits`; nothing is in use unless it is said. */
export function awaitsContext(more: Partial<AwaitsContext> = {}): AwaitsContext {
  const { name, signal } = stepContext()
  return { name, signal, current: undefined, scopes: [], ...more }
}
