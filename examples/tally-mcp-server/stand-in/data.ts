/** A person's account with some forms, the same at every start. */
export const user = {
  id: "usr_1",
  firstName: "Ada",
  lastName: "Example",
  fullName: "Ada Example",
  email: "ada@example.com",
  organizationId: "org_1",
}

export interface StandInForm {
  readonly id: string
  readonly name: string | null
  readonly status: "BLANK" | "DRAFT" | "PUBLISHED" | "DELETED"
  readonly numberOfSubmissions: number
  readonly isClosed: boolean
  readonly createdAt: string
  readonly updatedAt: string
}

export interface StandInSubmission {
  readonly id: string
  readonly formId: string
  readonly respondentId: string
  readonly isCompleted: boolean
  readonly submittedAt: string
  readonly responses: readonly {
    readonly id: string
    readonly questionId: string
    readonly answer: unknown
  }[]
}

const FORMS = 57
const SUBMISSIONS = 130
const DAY_MS = 86_400_000
const START = Date.parse("2026-01-01T09:00:00.000Z")

/** The forms of the account. Only the first has submissions. */
export const forms: readonly StandInForm[] = Array.from({ length: FORMS }, (_, index) => ({
  id: `form${index + 1}`,
  name: index === 2 ? null : `Form ${index + 1}`,
  status: index === 1 ? "DRAFT" : "PUBLISHED",
  numberOfSubmissions: index === 0 ? SUBMISSIONS : 0,
  isClosed: false,
  createdAt: day(0),
  updatedAt: day(index),
}))

export const questions = [
  {
    id: "q1",
    type: "INPUT_TEXT",
    title: "What is your name?",
    isTitleModifiedByUser: false,
    formId: "form1",
  },
  { id: "q2", type: "RATING", title: "How was it?", isTitleModifiedByUser: false, formId: "form1" },
]

/** What people answered to the first form: one a day, every fifth left unfinished, newest first. */
export const submissions: readonly StandInSubmission[] = Array.from({ length: SUBMISSIONS }, (_, index) => {
  const number = SUBMISSIONS - index
  const isCompleted = number % 5 !== 0
  return {
    id: `sub${number}`,
    formId: "form1",
    respondentId: `person${number}`,
    isCompleted,
    submittedAt: day(number - 1),
    responses: [
      { id: `r${number}a`, questionId: "q1", answer: `Person ${number}` },
      ...(isCompleted ? [{ id: `r${number}b`, questionId: "q2", answer: (number % 5) + 1 }] : []),
    ],
  }
})

function day(number: number): string {
  return new Date(START + number * DAY_MS).toISOString()
}
