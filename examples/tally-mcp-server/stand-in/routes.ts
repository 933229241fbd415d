import { forms, questions, type StandInSubmission, submissions, user } from "./data.ts"

/** What is sent back: a status and a body in JSON. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const LARGEST_PAGE = 500

/** An error as the API words it. */
export function failure(status: number, errorType: string, message: string): Reply {
  return { status, body: { errorType, message } }
}

/** Answers a request that has passed the checks of token and rate. */
export function route(path: string, query: URLSearchParams): Reply {
  if (path === "/users/me") return { status: 200, body: user }
  if (path === "/forms") return formsPage(query)
  const [, id, rest] = /^\/forms\/([^/]+)(\/submissions)?$/.exec(path) ?? []
  const form = forms.find(candidate => candidate.id === id)
  if (form === undefined) return failure(404, "NOT_FOUND", "Not found")
  if (rest !== undefined) return submissionsPage(form.id, query)
  return { status: 200, body: { ...form, settings: { language: "en", isClosed: form.isClosed }, blocks: [] } }
}

function formsPage(query: URLSearchParams): Reply {
  const asked = pageOf(query)
  if (asked === undefined) return failure(400, "VALIDATION", "page or limit is wrong")
  const { page, limit } = asked
  const { items, hasMore } = cut(forms, asked)
  return { status: 200, body: { items, page, limit, total: forms.length, hasMore } }
}

function submissionsPage(formId: string, query: URLSearchParams): Reply {
  const asked = pageOf(query)
  const from = momentOf(query.get("startDate"), Number.NEGATIVE_INFINITY)
  const to = momentOf(query.get("endDate"), Number.POSITIVE_INFINITY)
  if (asked === undefined || Number.isNaN(from) || Number.isNaN(to)) {
    return failure(400, "VALIDATION", "page, limit or a date is wrong")
  }
  const afterId = query.get("afterId")
  const after = afterId === null ? undefined : submissions.find(({ id }) => id === afterId)
  if (afterId !== null && after === undefined) return failure(400, "VALIDATION", "afterId is unknown")

  const matches = (submission: StandInSubmission): boolean => {
    const at = Date.parse(submission.submittedAt)
    const isAfter = after === undefined || at > Date.parse(after.submittedAt)
    return submission.formId === formId && isAfter && at >= from && at <= to
  }
  const found = submissions.filter(matches)
  const completed = found.filter(({ isCompleted }) => isCompleted).length
  const { items, hasMore } = cut(found, asked)
  return {
    status: 200,
    body: {
      page: asked.page,
      limit: asked.limit,
      hasMore,
      totalNumberOfSubmissionsPerFilter: {
        all: found.length,
        completed,
        partial: found.length - completed,
      },
      questions: questions.filter(question => question.formId === formId),
      submissions: items,
    },
  }
}

function pageOf(query: URLSearchParams): { page: number; limit: number } | undefined {
  const page = Number(query.get("page") ?? 1)
  const limit = Number(query.get("limit") ?? 50)
  const valid = Number.isInteger(page) && page >= 1 && Number.isInteger(limit) && limit >= 1
  return valid && limit <= LARGEST_PAGE ? { page, limit } : undefined
}

function cut<T>(all: readonly T[], { page, limit }: { page: number; limit: number }) {
  const end = page * limit
  return { items: all.slice(end - limit, end), hasMore: end < all.length }
}

function momentOf(text: string | null, otherwise: number): number {
  return text === null ? otherwise : Date.parse(text)
}
