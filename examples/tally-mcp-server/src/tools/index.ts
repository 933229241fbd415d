import { getForm } from "./get-form.ts"
import { listForms } from "./list-forms.ts"
import { listSubmissions } from "./list-submissions.ts"
import type { RegisterTool } from "./register.ts"
import { whoAmI } from "./who-am-i.ts"

/** Every tool of this server. */
export const tools: readonly RegisterTool[] = [whoAmI, listForms, getForm, listSubmissions]
