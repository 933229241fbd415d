# delete: looks whether the secret is there, then removes it with all its versions
path "secret/metadata/*" {
  capabilities = ["read", "delete"]
}
