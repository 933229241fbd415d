export { type JournalInOptions, journalIn } from "./journal-in.ts"
export type { RotatedStore } from "./place.ts"
export { type SqlClient, type SqlJournal, type SqlJournalOptions, sqlJournal } from "./sql-journal.ts"
export { sqlJournalTable } from "./sql-table.ts"
