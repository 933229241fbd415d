export type {
  AwsRotationEvent,
  AwsStep,
  FunctionReport,
  LambdaContext,
  LambdaHandler,
  ManagedPlan,
  OwnEvent,
  RetirementReport,
} from "../rotation/engines/aws-lambda/index.ts"
export type { RotationHandlerOptions } from "./rotation-handler.ts"
export { rotationHandler } from "./rotation-handler.ts"
