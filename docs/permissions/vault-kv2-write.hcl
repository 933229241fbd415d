# write: "create" is for names that are new, "update" for new versions
path "secret/data/*" {
  capabilities = ["create", "update"]
}
