# write: "create" is for names that are new, "update" for new values
path "secret/*" {
  capabilities = ["create", "update"]
}
