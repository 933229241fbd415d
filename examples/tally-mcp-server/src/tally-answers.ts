import { z } from "zod"

/**
 * The parts of Tally's answers that the tools hand on, after Tally's API reference. Fields that are not named here
 * are dropped; an answer that lacks one that is not optional is refused as malformed.
 */

export const User = z.object({
  id: z.string(),
  fullName: z.string().nullish(),
  email: z.string().nullish(),
  organizationId: z.string().nullish(),
})

const FormSummary = z.object({
  id: z.string(),
  name: z.string().nullish(),
  status: z.string(),
  numberOfSubmissions: z.number().optional(),
  isClosed: z.boolean().optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
})

export const FormsPage = z.object({
  items: z.array(FormSummary),
  page: z.number(),
  limit: z.number(),
  total: z.number(),
  hasMore: z.boolean(),
})

export const Form = FormSummary.extend({
  settings: z.record(z.string(), z.unknown()).optional(),
  blocks: z.array(z.unknown()).optional(),
})

const Question = z.object({
  id: z.string(),
  type: z.string(),
  title: z.string().nullish(),
})

const Submission = z.object({
  id: z.string(),
  formId: z.string(),
  respondentId: z.string().optional(),
  isCompleted: z.boolean(),
  submittedAt: z.string(),
  responses: z.array(z.object({ questionId: z.string(), answer: z.unknown() })),
})

export const SubmissionsPage = z.object({
  page: z.number(),
  limit: z.number(),
  hasMore: z.boolean(),
  totalNumberOfSubmissionsPerFilter: z.object({
    all: z.number(),
    completed: z.number(),
    partial: z.number(),
  }),
  questions: z.array(Question),
  submissions: z.array(Submission),
})

export type User = z.infer<typeof User>
export type FormsPage = z.infer<typeof FormsPage>
export type Form = z.infer<typeof Form>
export type SubmissionsPage = z.infer<typeof SubmissionsPage>
