# versions: their numbers and dates, no values
path "secret/metadata/*" {
  capabilities = ["read"]
}
