import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from "@aws-sdk/client-secrets-manager"
import { isSecretError, type RotationJournal, type SecretError } from "latchkey"
import { onTestFinished } from "vitest"
import { type RotationHandlerOptions, rotationHandler } from "../../../src/aws-rotation/index.ts"
import type { RotationPlan } from "../../../src/rotation/plan.ts"
import type { AwsServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { FarSide, GRACE } from "./far-side.ts"
import { Machine } from "./machine.ts"
import { RotatingService } from "./rotating-service.ts"

/** The value that a secret has before its first rotation. */
export const FIRST = "first-value-of-a-person"

/** The four steps in the order in which the service calls them. */
export const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const

export type Step = (typeof STEPS)[number]

/** More than the lease of an invocation that was cut off, and its margin, in milliseconds. */
export const LEASE = 160_000

/** Which kind of plan is followed. */
export const PLANS: Readonly<Record<string, (far: FarSide) => RotationPlan>> = {
  "minted, with labels": far => far.minting(true),
  "minted, without labels": far => far.minting(false),
  generated: far => far.applying(),
}

let scenes = 0

/** One secret that the service rotates, with its far side, a function that may die, and time that can be let pass. */
export interface Scene {
  readonly name: string
  readonly far: FarSide
  readonly machine: Machine
  readonly service: RotatingService
  readonly arn: string
  /** All that the function has told, thrown and answered. */
  readonly events: unknown[]
  readonly failures: unknown[]
  readonly answers: unknown[]
  /**
   * Calls the function, in a process that knows nothing of the ones before.
   *
   * @param remaining milliseconds that Lambda gives it.
   */
  invoke(event: object, remaining?: number): Promise<unknown>
  step(step: Step, token: string, more?: object): Promise<unknown>
  retire(more?: object): Promise<unknown>
  /** The value that consumers read. */
  current(): Promise<string>
  /** Gives the secret another value, as a person does. */
  putByHand(value: string): Promise<void>
  journal(): Promise<RotationJournal | undefined>
}

/** Makes a scene on a server, until the end of the test. */
export async function sceneOn(
  server: AwsServer,
  planOf: (far: FarSide) => RotationPlan,
  options: RotationHandlerOptions = {},
): Promise<Scene> {
  const machine = new Machine()
  const service = await RotatingService.start(server, machine)
  onTestFinished(async () => await service.close())
  const canary = newCanary()
  const scene = await sceneWith(service, machine, server, planOf, options, canary.text)
  canary.watch(scene.events, scene.failures, scene.answers)
  return scene
}

/** The same with a service that is there, for what happens before the first test. */
export async function sceneWith(
  service: RotatingService,
  machine: Machine,
  { region, accessKeyId, secretAccessKey }: AwsServer,
  planOf: (far: FarSide) => RotationPlan,
  options: RotationHandlerOptions = {},
  mark = "mark",
): Promise<Scene> {
  const name = `function-${process.pid}-${Date.now()}/s${++scenes}`
  const { client } = service
  const far = new FarSide(machine, mark)
  far.adopt(FIRST)
  const { ARN } = await client.send(new CreateSecretCommand({ Name: name, SecretString: FIRST }))
  const [events, failures, answers]: [unknown[], unknown[], unknown[]] = [[], [], []]
  const plan = planOf(far)
  const invoke = async (event: object, remaining = 60_000): Promise<unknown> => {
    const handler = rotationHandler(
      { [name]: plan },
      {
        region,
        endpoint: service.url,
        credentials: { accessKeyId, secretAccessKey },
        rotationsPerDay: 1_000,
        listener: told => void events.push(told),
        ...options,
      },
    )
    try {
      const answer = await handler(event, { getRemainingTimeInMillis: () => remaining })
      answers.push(answer)
      return answer
    } catch (thrown) {
      failures.push(thrown)
      throw thrown
    }
  }
  return {
    name,
    far,
    machine,
    service,
    arn: String(ARN),
    events,
    failures,
    answers,
    invoke,
    step: async (Step, ClientRequestToken, more = {}) =>
      await invoke({ Step, SecretId: ARN, ClientRequestToken, ...more }),
    retire: async (more = {}) => await invoke({ latchkey: "retire", ...more }),
    async current() {
      // Said, because moto takes another version for the current one after it was moved.
      const asked = new GetSecretValueCommand({ SecretId: name, VersionStage: "AWSCURRENT" })
      const { SecretString } = await client.send(asked)
      return String(SecretString)
    },
    async putByHand(SecretString) {
      await client.send(new PutSecretValueCommand({ SecretId: name, SecretString }))
    },
    async journal() {
      try {
        const SecretId = `latchkey/rotation/${name}`
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }))
        return JSON.parse(String(SecretString)).journal
      } catch (thrown) {
        if ((thrown as Error).name === "ResourceNotFoundException") return undefined
        throw thrown
      }
    },
  }
}

/** What a call failed with, if it did. */
export async function failureOf(call: Promise<unknown>): Promise<SecretError | undefined> {
  try {
    await call
    return undefined
  } catch (thrown) {
    if (isSecretError(thrown)) return thrown
    throw thrown
  }
}

/** What one sees in the end. */
export interface EndState {
  /** Whether what consumers read works at the far side. */
  readonly works: boolean
  /** Whether it is another value than the first one. */
  readonly rotated: boolean
  /** How many credentials the far side accepts. */
  readonly accepted: number
  /** The labels that stand on the versions of the secret. */
  readonly labels: readonly string[]
  readonly state: RotationJournal["state"] | "none"
}

/** The right end of a rotation, and of all that goes wrong in one. */
export const RIGHT_END: EndState = {
  works: true,
  rotated: true,
  accepted: 1,
  labels: ["AWSCURRENT", "AWSPREVIOUS"],
  state: "idle",
}

/** What one sees now. */
export async function endState(scene: Scene): Promise<EndState> {
  const value = await scene.current()
  const asked = new DescribeSecretCommand({ SecretId: scene.name })
  const { VersionIdsToStages = {} } = await scene.service.client.send(asked)
  return {
    works: scene.far.accepts(value),
    rotated: value !== FIRST,
    accepted: scene.far.credentials.size,
    labels: Object.values(VersionIdsToStages).flat().sort(),
    state: (await scene.journal())?.state ?? "none",
  }
}

/**
 * Calls the four steps as the service does, and again from the first one when one fails, with time between; with a new
 * token where it has ended the rotation.
 *
 * @returns the token under which it came to its end
 */
export async function rotateLikeTheService(scene: Scene, first: string): Promise<string> {
  let token = first
  for (let attempt = 0; attempt < 6; attempt++) {
    scene.machine.revive()
    let failure: SecretError | undefined
    for (const step of STEPS) {
      failure = await failureOf(scene.step(step, token))
      if (failure !== undefined) break
    }
    if (failure === undefined) return token
    scene.service.pass(LEASE)
    const labels = (await scene.service.labels(scene.name))[token] ?? []
    if (labels.length === 0) token = await scene.service.begin(scene.name)
  }
  throw new Error("the rotation does not come to its end")
}

/** Lets the grace pass and calls the schedule's event until it has nothing more to do. */
export async function retireInTime(scene: Scene): Promise<void> {
  for (let attempt = 0; attempt < 6; attempt++) {
    scene.machine.revive()
    scene.service.pass(GRACE + LEASE)
    const failure = await failureOf(scene.retire())
    if (failure === undefined && (await scene.journal())?.state === "idle") return
  }
  throw new Error("the old credential is not retired")
}
